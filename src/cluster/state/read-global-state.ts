import { SnapkeepError } from '../../contracts/errors';
import {
  type GlobalState,
  type RefusedPart,
  STATE_MAX_LENGTH,
  STATE_PARTS,
  type StateItem,
  stateLength,
  type StatePart,
} from '../../contracts/global-state';
import { cutReason } from '../../contracts/jobs/bounded';
import { RawJsonError } from '../../documents/scan-json';
import { complaintIn, responseFailure } from '../http/cluster-failures';
import { type ClusterHttp, type ClusterResponse, ResponseTooLargeError } from '../http/cluster-http';
import { isAnswer } from '../http/is-answer';
import { STATE_REQUESTS } from './state-requests';

/**
 * Reads the cluster's global state by concurrent requests, one per part. A part that the cluster has not is missing;
 * one that it refuses to show is missing too, with the reason. Throws `cluster_rejected` when the state is too large,
 * and when the cluster cannot answer now.
 */
export async function readGlobalState(http: ClusterHttp, signal?: AbortSignal): Promise<GlobalState> {
  const read = await Promise.all(STATE_PARTS.map(async (part) => [part, await readPart(http, part, signal)] as const));
  const parts = read.flatMap(([part, { items }]) => (items === undefined ? [] : [[part, items] as const]));
  const state: GlobalState = {
    parts: Object.fromEntries(parts),
    refused: read.flatMap(([, { refused }]) => refused ?? []),
  };
  if (stateLength(state) > STATE_MAX_LENGTH) throw tooLarge();
  return state;
}

interface Part {
  readonly items?: readonly StateItem[];
  readonly refused?: RefusedPart;
}

async function readPart(http: ClusterHttp, part: StatePart, signal: AbortSignal | undefined): Promise<Part> {
  const { path, query, items } = STATE_REQUESTS[part];
  let answer: ClusterResponse;
  try {
    answer = await http.request({
      method: 'GET',
      path,
      query,
      accept: isAnswer,
      maxBytes: 2 * STATE_MAX_LENGTH,
      signal,
    });
  } catch (error) {
    if (error instanceof ResponseTooLargeError) throw tooLarge(error);
    throw error;
  }
  const { status, body } = answer;
  // A cluster without pipelines answers 404 with an empty object.
  if (status === 200 || (status === 404 && body.toString('utf8').trim() === '{}')) {
    try {
      return { items: items(body).sort((a, b) => (a.name < b.name ? -1 : 1)) };
    } catch (error) {
      if (!(error instanceof RawJsonError)) throw error;
      return {
        refused: { part, reason: `the answer to GET ${path} has another form than expected: ${error.message}` },
      };
    }
  }
  if (NOT_THERE.has(status)) return {};
  const complaint = complaintIn(responseFailure(`GET ${path}`, status, body));
  return { refused: { part, reason: cutReason(`${complaint?.type ?? status}: ${complaint?.reason ?? ''}`) } };
}

/** Statuses of a request that the cluster does not know; some versions take the path for the name of an index. */
const NOT_THERE: ReadonlySet<number> = new Set([400, 404, 405]);

function tooLarge(cause?: Error): SnapkeepError {
  return new SnapkeepError(
    'cluster_rejected',
    `the global state of the cluster is larger than ${STATE_MAX_LENGTH} characters; take the snapshot with [include_global_state] false`,
    { cause },
  );
}
