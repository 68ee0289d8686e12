import { type Request, type Response } from 'express';
import { type AnswerDialect, answersOf } from '../../cluster/dialect/answers';
import { encodeCbor } from '../../elasticsearch/cbor';
import { filterPath } from '../../elasticsearch/filter-path';
import { type JsonObject } from '../../elasticsearch/json-value';
import { printJson } from '../../elasticsearch/print-json';
import { printYaml } from '../../elasticsearch/print-yaml';
import { type AnswerType, askedType, plainType } from './answer-type';
import { compressed } from './compressed';
import { isSwitchedOn, queryOf } from './query';

type Answer = JsonObject | readonly JsonObject[];

/** Printed answers by form. Callers that share an answer share its printed forms. */
const printed = new WeakMap<Answer, Map<string, Buffer>>();

/** Answers in the form that `pretty`, `filter_path`, `format` and the `Accept` header ask for, JSON by default. */
export function answer(request: Request, response: Response, status: number, json: Answer): void {
  const dialect = answerDialect(response);
  const { format, contentType } = askedType(request, dialect) ?? {
    format: 'json',
    contentType: plainType('json', dialect),
  };
  const paths = queryOf(request).get('filter_path') ?? '';
  send(request, response, status, contentType, print(json, format, isSwitchedOn(request, 'pretty'), paths));
}

/** Answers with plain text. */
export function answerText(request: Request, response: Response, text: string): void {
  send(request, response, 200, 'text/plain; charset=UTF-8', Buffer.from(text));
}

/** Returns how the cluster behind answers, as far as it is known. */
export function answerDialect(response: Response): AnswerDialect {
  return (response.locals.answers as AnswerDialect | undefined) ?? answersOf(undefined);
}

function send(request: Request, response: Response, status: number, contentType: string, body: Buffer): void {
  if (response.headersSent) return;
  response.statusCode = status;
  response.setHeader('content-type', contentType);
  const end = (bytes: Buffer): void => {
    response.setHeader('content-length', bytes.length);
    response.end(bytes);
  };
  const accepted = request.headers['accept-encoding'];
  if (accepted === undefined) {
    end(body);
    return;
  }
  void compressed(body, accepted).then((encoded) => {
    if (response.destroyed) return;
    if (encoded.encoding !== undefined) response.setHeader('content-encoding', encoded.encoding);
    end(encoded.body);
  });
}

/** Prints an answer once per form. This is safe because answers never change once they are passed to {@link answer}. */
function print(json: Answer, format: AnswerType['format'], pretty: boolean, paths: string): Buffer {
  const forms = printed.get(json) ?? new Map<string, Buffer>();
  printed.set(json, forms);
  const form = `${format} ${pretty} ${paths}`;
  const body = forms.get(form) ?? encode(paths === '' ? json : filterPath(json, paths), format, pretty);
  forms.set(form, body);
  return body;
}

function encode(json: Answer | undefined, format: AnswerType['format'], pretty: boolean): Buffer {
  // As the engines: nothing is left of a list of which no part was asked for.
  if (json === undefined) return Buffer.alloc(0);
  if (format === 'cbor') return encodeCbor(json);
  return Buffer.from(format === 'yaml' ? printYaml(json) : printJson(json, pretty));
}
