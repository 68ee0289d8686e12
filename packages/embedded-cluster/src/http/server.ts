import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { ElasticsearchError } from '../elasticsearch-error';
import { ApiRequest, type ApiResponse } from './api-request';
import { receiveBody } from './body';
import { encodeJson } from './json-writer';
import type { Router } from './router';

const PLAIN_JSON = 'application/json';

/** The media type of the answer: the versioned one where the client asked for it. */
function jsonType(request: IncomingMessage): string {
  const wanted = /application\/vnd\.elasticsearch\+json\s*;\s*compatible-with=(\d+)/.exec(request.headers.accept ?? '');
  return wanted ? `application/vnd.elasticsearch+json;compatible-with=${wanted[1]}` : PLAIN_JSON;
}

/** Answers requests over HTTP: routing, bodies, `filter_path`, `pretty`, errors as Elasticsearch's envelope. */
export function createHttpServer(router: Router, report: (error: unknown) => void): Server {
  const server = createServer((request, response) => {
    serve(router, request, response, report).catch((error: unknown) => {
      report(error);
      response.destroy();
    });
  });
  server.keepAliveTimeout = 60_000;
  return server;
}

async function serve(
  router: Router,
  request: IncomingMessage,
  response: ServerResponse,
  report: (error: unknown) => void,
): Promise<void> {
  response.setHeader('X-elastic-product', 'Elasticsearch');
  const type = jsonType(request);
  let apiRequest: ApiRequest | undefined;
  let release = (): void => undefined;
  try {
    const url = request.url ?? '/';
    const split = url.indexOf('?');
    const path = split < 0 ? url : url.slice(0, split);
    const query = new Map(new URLSearchParams(split < 0 ? '' : url.slice(split + 1)));
    const { handler, parameters } = router.match(request.method ?? 'GET', path, query);
    const body = await receiveBody(request);
    release = body.release;
    apiRequest = new ApiRequest(request.method ?? 'GET', path, parameters, query, body.bytes);
    await send(request, response, type, apiRequest, await handler(apiRequest));
  } catch (error) {
    if (response.headersSent) throw error;
    if (request.destroyed && !request.complete) return;
    sendError(request, response, type, error, report);
  } finally {
    release();
  }
}

async function send(
  request: IncomingMessage,
  response: ServerResponse,
  type: string,
  apiRequest: ApiRequest,
  answer: ApiResponse,
): Promise<void> {
  response.statusCode = answer.status ?? 200;
  if ('stream' in answer) {
    response.setHeader('content-type', type);
    await sendStream(response, answer.stream);
    return;
  }
  if ('text' in answer) {
    response.setHeader('content-type', 'text/plain; charset=UTF-8');
    end(request, response, Buffer.from(answer.text));
    return;
  }
  for (const [name, value] of Object.entries(answer.headers ?? {})) response.setHeader(name, value);
  response.setHeader('content-type', type);
  const filter = apiRequest.filterPath;
  const json = filter ? (filter.apply(answer.json) ?? {}) : answer.json;
  end(request, response, encodeJson(json, apiRequest.pretty));
}

async function sendStream(response: ServerResponse, stream: AsyncIterable<Buffer>): Promise<void> {
  for await (const chunk of stream) {
    if (response.destroyed) return;
    if (!response.write(chunk)) await drained(response);
  }
  response.end();
}

/** Until the client has taken what was written, or is gone. */
function drained(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      response.off('drain', done).off('close', done);
      resolve();
    };
    response.on('drain', done).on('close', done);
  });
}

function sendError(
  request: IncomingMessage,
  response: ServerResponse,
  type: string,
  error: unknown,
  report: (error: unknown) => void,
): void {
  let known = error;
  if (!(known instanceof ElasticsearchError)) {
    report(error);
    known = new ElasticsearchError('exception', error instanceof Error ? error.message : String(error), 500);
  }
  const { status } = known as ElasticsearchError;
  response.statusCode = status;
  response.setHeader('content-type', type);
  // What is left of a body that was refused is not read: the connection can't be used again.
  if (!request.complete) response.setHeader('connection', 'close');
  end(request, response, encodeJson((known as ElasticsearchError).toEnvelope()));
  if (!request.complete) request.resume();
}

function end(request: IncomingMessage, response: ServerResponse, body: Buffer): void {
  response.setHeader('content-length', body.length);
  response.end(request.method === 'HEAD' ? undefined : body);
}
