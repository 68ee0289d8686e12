import { type IncomingMessage } from 'node:http';
import { type Upstream } from './upstream';

/** Ms by which the clocks of a cluster and a worker may differ. Beyond it, a restored index counts as created again. */
const CLOCK_TOLERANCE_MS = 500;
/** Names in one question at most. A longer list asks for all indices, because the length of a path is bounded. */
const NAMES_AT_ONCE = 50;

/**
 * Returns the names of the indices that were created after the given moment, in epoch ms: others have taken their
 * place. An index about which the cluster does not answer this caller counts as not created again.
 */
export async function createdLater(
  caller: IncomingMessage,
  upstream: Upstream,
  indices: readonly { readonly index: string; readonly millis: number }[],
): Promise<ReadonlySet<string>> {
  if (indices.length === 0) return new Set();
  const names =
    indices.length > NAMES_AT_ONCE ? '_all' : indices.map(({ index }) => encodeURIComponent(index)).join(',');
  const { status, body } = await upstream.ask(caller, `/${names}/_settings?filter_path=*.settings.index.creation_date`);
  if (status !== 200) return new Set();
  const settings = JSON.parse(body.toString('utf8')) as Record<
    string,
    { settings?: { index?: { creation_date?: string } } } | undefined
  >;
  return new Set(
    indices
      .filter(({ index, millis }) => {
        const created = Number(settings[index]?.settings?.index?.creation_date);
        return created > millis + CLOCK_TOLERANCE_MS;
      })
      .map(({ index }) => index),
  );
}
