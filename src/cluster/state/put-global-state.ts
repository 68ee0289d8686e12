/** Puts and deletes items of the global state, one request each; settings as many at once as are given. */
import { type StateItem, type StatePart } from '../../contracts/global-state';
import { complaintIn } from '../http/cluster-failures';
import { type ClusterHttp } from '../http/cluster-http';
import { isAnswer } from '../http/is-answer';
import { STATE_REQUESTS } from './state-requests';
import { withoutRefusedPart } from './template-edits';

/** Puts one item as it is. Throws the cluster's refusal. */
export async function putStateItem(
  http: ClusterHttp,
  part: Exclude<StatePart, 'settings'>,
  { name, body }: StateItem,
  signal?: AbortSignal,
): Promise<void> {
  const { itemPath, wrapped } = STATE_REQUESTS[part];
  const query = part === 'ismPolicies' ? await presentPolicy(http, itemPath(name), signal) : undefined;
  await http.request({ method: 'PUT', path: itemPath(name), query, body: wrapped(body), signal });
}

/** Returns the parameters without which the plugin does not replace a policy; undefined if there is none yet. */
async function presentPolicy(
  http: ClusterHttp,
  path: string,
  signal: AbortSignal | undefined,
): Promise<Record<string, number> | undefined> {
  const { status, body } = await http.request({ method: 'GET', path, accept: isAnswer, signal });
  if (status !== 200) return undefined;
  const { _seq_no, _primary_term } = JSON.parse(body.toString('utf8')) as Record<string, number | undefined>;
  if (_seq_no === undefined || _primary_term === undefined) return undefined;
  return { if_seq_no: _seq_no, if_primary_term: _primary_term };
}

/** Most parts that a template can lose; a template that loses more is left out. */
const MOST_EDITS = 100;

/**
 * Puts a template without the settings, mapping parameters and fields that the cluster does not know; other items as
 * {@link putStateItem} does. Returns what was left out, with the cluster's reasons. Throws every other refusal.
 */
export async function putStateItemTolerant(
  http: ClusterHttp,
  part: Exclude<StatePart, 'settings'>,
  item: StateItem,
  signal?: AbortSignal,
): Promise<{ readonly what: string; readonly reason: string }[]> {
  const dropped: { what: string; reason: string }[] = [];
  for (let { body } = item; ;) {
    try {
      await putStateItem(http, part, { ...item, body }, signal);
      return dropped;
    } catch (error) {
      const complaint = complaintIn(error);
      if (complaint?.status !== 400 || dropped.length >= MOST_EDITS) throw error;
      const edited = withoutRefusedPart(part, body, complaint.reason);
      if (edited === undefined) throw error;
      body = edited.body;
      dropped.push({ what: edited.what, reason: complaint.reason });
    }
  }
}

/** Deletes one item; a missing item is not an error. Throws the cluster's refusal. */
export async function deleteStateItem(
  http: ClusterHttp,
  part: Exclude<StatePart, 'settings'>,
  name: string,
  signal?: AbortSignal,
): Promise<void> {
  const accept = (status: number): boolean => status < 400 || status === 404;
  await http.request({ method: 'DELETE', path: STATE_REQUESTS[part].itemPath(name), accept, signal });
}

/** Puts persistent settings, all or none; `null` (as JSON) resets one. Throws the cluster's refusal. */
export async function putPersistentSettings(
  http: ClusterHttp,
  settings: readonly StateItem[],
  signal?: AbortSignal,
): Promise<void> {
  const members = settings.map(({ name, body }) => `${JSON.stringify(name)}:${body}`);
  const body = `{"persistent":{${members.join(',')}}}`;
  await http.request({ method: 'PUT', path: STATE_REQUESTS.settings.path, body, signal });
}
