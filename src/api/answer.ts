import { type Request, type Response } from 'express';
import { type JsonObject } from '../jobs/raw-json';
import { filterPath } from './filter-path';
import { queryOf } from './parameters';
import { printJson } from './print-json';

/** Answers with JSON, as `pretty`, `filter_path` and the `Accept` header want it. */
export function answer(request: Request, response: Response, status: number, json: JsonObject): void {
  if (response.headersSent) return;
  const query = queryOf(request);
  const pretty = query.has('pretty') && query.get('pretty') !== 'false';
  const paths = query.get('filter_path');
  const body = Buffer.from(printJson(paths === undefined || paths === '' ? json : filterPath(json, paths), pretty));
  response.statusCode = status;
  response.setHeader('content-type', contentType(request.headers.accept));
  response.setHeader('content-length', body.length);
  response.end(body);
}

/** Clients that ask for a compatible version check that it is what they get. */
function contentType(accept: string | undefined): string {
  const version = /application\/vnd\.elasticsearch\+json\s*;\s*compatible-with=(\d+)/i.exec(accept ?? '')?.[1];
  return version === undefined ? 'application/json' : `application/vnd.elasticsearch+json;compatible-with=${version}`;
}
