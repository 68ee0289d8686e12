import { type IRouter, type Request, type Response } from 'express';
import { answer } from '../http/send-answer';

/** The methods that the engines know for Snapkeep's paths. A path that another one covers must come first. */
const METHODS: readonly (readonly [path: string, methods: readonly string[]])[] = [
  ['/_snapshot', ['GET']],
  ['/_snapshot/_status', ['GET']],
  ['/_snapshot/:repository', ['GET', 'POST', 'PUT', 'DELETE']],
  ...['_verify', '_cleanup', '_analyze', '_verify_integrity'].map(
    (action) => [`/_snapshot/:repository/${action}`, ['POST']] as const,
  ),
  ['/_snapshot/:repository/_status', ['GET']],
  ['/_snapshot/:repository/:snapshot', ['GET', 'POST', 'PUT', 'DELETE']],
  ['/_snapshot/:repository/:snapshot/_status', ['GET']],
  ['/_snapshot/:repository/:snapshot/_restore', ['POST']],
  ['/_snapshot/:repository/:snapshot/_mount', ['POST']],
  ['/_snapshot/:repository/:snapshot/_clone/:target', ['PUT']],
  ['/_snapshot/:repository/:snapshot/:index/_status', ['GET']],
];

/** Refuses wrong methods with 405, and answers `OPTIONS`, as the engines do. Must precede the routes themselves. */
export function methodRoutes(router: IRouter): void {
  for (const [path, methods] of METHODS) {
    router.all(path, (request, response, next) => {
      if (methods.includes(request.method)) next();
      else refuse(request, response, methods);
    });
  }
  router.options('/_snapshot{/*path}', (_request, response) => allow(response, []));
}

function refuse(request: Request, response: Response, methods: readonly string[]): void {
  if (request.method === 'OPTIONS') {
    allow(response, methods);
    return;
  }
  response.setHeader('allow', methods.join(','));
  answer(request, response, 405, {
    error: `Incorrect HTTP method for uri [${request.originalUrl}] and method [${request.method}], allowed: [${methods.join(', ')}]`,
    status: 405,
  });
}

function allow(response: Response, methods: readonly string[]): void {
  if (methods.length > 0) response.setHeader('allow', methods.join(','));
  response.setHeader('content-type', 'text/plain; charset=UTF-8');
  response.setHeader('content-length', 0);
  response.end();
}
