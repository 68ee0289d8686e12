import { Readable } from 'node:stream';
import { ElasticsearchError, illegalArgument, unsupported, validationError } from '../elasticsearch-error';
import { ApiRequest, type ApiResponse } from '../http/api-request';
import { encodeJson } from '../http/json-writer';

/** What the header of a search may say; all of them are parameters of `_search` too. */
const HEADER_FIELDS = new Set([
  'allow_partial_search_results',
  'preference',
  'routing',
  'request_cache',
  'search_type',
]);

type Search = (request: ApiRequest) => Promise<ApiResponse>;

/** Answers a multi-search: one search after the other. A search that fails is an item with its error. */
export async function multiSearch(request: ApiRequest, search: Search): Promise<ApiResponse> {
  request.requireBody();
  if (request.filterPath !== undefined) throw unsupported('[filter_path] of a multi-search');
  const started = performance.now();
  const responses: Buffer[] = [];
  for (const item of parseMultiSearch(request)) {
    if (responses.length > 0) responses.push(Buffer.from(','));
    responses.push(...(await respond(item, search)));
  }
  const took = Math.round(performance.now() - started);
  return { stream: Readable.from([Buffer.from(`{"took":${took},"responses":[`), ...responses, Buffer.from(']}')]) };
}

function parseMultiSearch(request: ApiRequest): ApiRequest[] {
  const lines = request.body.toString().split('\n');
  if (lines.pop() !== '') throw illegalArgument('The msearch request must be terminated by a newline [\\n]');
  if (lines.length < 2) throw validationError('no requests added');
  const searches: ApiRequest[] = [];
  for (let i = 0; i + 1 < lines.length; i += 2) {
    const of = (parameters: Record<string, string>, query: ReadonlyMap<string, string>, line: number): ApiRequest =>
      new ApiRequest(request.method, '/_search', parameters, query, Buffer.from(lines[line] as string));
    const { index, ...query } = of({}, new Map(), i).jsonBody();
    const unknown = Object.keys(query).find((name) => !HEADER_FIELDS.has(name));
    if (unknown !== undefined) throw illegalArgument(`key [${unknown}] is not supported in the metadata section`);
    const parameters = new Map(Object.entries(query).map(([name, value]) => [name, String(value)]));
    searches.push(of(typeof index === 'string' ? { index } : {}, parameters, i + 1));
  }
  return searches;
}

/** Returns the answer to one search, with its status before the closing brace, which is the last byte. */
async function respond(request: ApiRequest, search: Search): Promise<Buffer[]> {
  try {
    const answer = await search(request);
    if (!('stream' in answer)) throw new Error('a search answers with a stream');
    const chunks: Buffer[] = [];
    for await (const chunk of answer.stream) chunks.push(chunk);
    const last = chunks.pop() as Buffer;
    return [...chunks, last.subarray(0, -1), Buffer.from(`,"status":${answer.status ?? 200}}`)];
  } catch (error) {
    if (!(error instanceof ElasticsearchError)) throw error;
    return [encodeJson(error.toEnvelope())];
  }
}
