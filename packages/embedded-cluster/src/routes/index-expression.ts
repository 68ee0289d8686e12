import type { Cluster } from '../cluster';
import { illegalArgument } from '../elasticsearch-error';
import type { ApiRequest } from '../http/api-request';
import type { IndexMetadata } from '../metadata/index-metadata';
import { resolveIndices, type ResolveOptions } from '../metadata/resolve-indices';

/** Query parameters of requests that take an index expression. */
export const EXPRESSION_PARAMETERS = 'ignore_unavailable allow_no_indices expand_wildcards';

/** Returns the indices that a request's `{index}` and its options stand for; `defaults` are those of its API. */
export function requestedIndices(cluster: Cluster, request: ApiRequest, defaults: ResolveOptions): IndexMetadata[] {
  return resolveIndices(cluster.catalog.state, request.parameters['index'], resolveOptions(request, defaults));
}

function resolveOptions(request: ApiRequest, defaults: ResolveOptions): ResolveOptions {
  const expand = request.query.get('expand_wildcards')?.split(',');
  for (const word of expand ?? []) {
    if (!['open', 'closed', 'hidden', 'none', 'all'].includes(word)) {
      throw illegalArgument(`No valid expand wildcard value [${word}]`);
    }
  }
  const has = (word: string): boolean | undefined => expand && (expand.includes(word) || expand.includes('all'));
  return {
    ...defaults,
    ignoreUnavailable: request.flag('ignore_unavailable', defaults.ignoreUnavailable),
    allowNoIndices: request.flag('allow_no_indices', defaults.allowNoIndices),
    expandOpen: has('open') ?? defaults.expandOpen,
    expandClosed: has('closed') ?? defaults.expandClosed,
    expandHidden: has('hidden') ?? defaults.expandHidden,
  };
}
