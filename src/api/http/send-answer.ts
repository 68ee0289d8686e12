import { type Request, type Response } from 'express';
import { filterPath } from '../../elasticsearch/filter-path';
import { type JsonObject } from '../../elasticsearch/json-value';
import { printJson } from '../../elasticsearch/print-json';
import { isSwitchedOn, queryOf } from './query';

/** Printed answers by form. Callers that share an answer share its printed forms. */
const printed = new WeakMap<JsonObject, Map<string, Buffer>>();

/** Answers with JSON in the form that `pretty`, `filter_path` and the `Accept` header ask for. */
export function answer(request: Request, response: Response, status: number, json: JsonObject): void {
  if (response.headersSent) return;
  const paths = queryOf(request).get('filter_path') ?? '';
  const body = print(json, isSwitchedOn(request, 'pretty'), paths);
  response.statusCode = status;
  response.setHeader('content-type', contentType(request.headers.accept));
  response.setHeader('content-length', body.length);
  response.end(body);
}

/** Prints an object once per form. This is safe because answers never change once they are passed to {@link answer}. */
function print(json: JsonObject, pretty: boolean, paths: string): Buffer {
  const forms = printed.get(json) ?? new Map<string, Buffer>();
  printed.set(json, forms);
  const form = `${pretty} ${paths}`;
  const body = forms.get(form) ?? Buffer.from(printJson(paths === '' ? json : filterPath(json, paths), pretty));
  forms.set(form, body);
  return body;
}

/** Returns the content type. Clients that ask for a compatible version check that the answer names it. */
function contentType(accept: string | undefined): string {
  const version = /application\/vnd\.elasticsearch\+json\s*;\s*compatible-with=(\d+)/i.exec(accept ?? '')?.[1];
  return version === undefined ? 'application/json' : `application/vnd.elasticsearch+json;compatible-with=${version}`;
}
