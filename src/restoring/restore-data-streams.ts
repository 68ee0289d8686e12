/**
 * Restores data streams. No request makes one of indices that exist, so a stream is made with an empty write index, and
 * the restored indices are attached to it once they are there. They would be refused before: a stream takes no write
 * with a version, and no alias.
 */
import { type Cluster } from '../cluster/cluster';
import { complaintIn } from '../cluster/http/cluster-failures';
import { type DataStream } from '../contracts/data-stream';
import { cutReason } from '../contracts/jobs/bounded';
import { type LeftOut } from '../contracts/jobs/restore';
import { type SnapshotManifest } from '../repository/format/format';
import { type StreamRestore } from './plan-restore';
import { refusal } from './refusal';

/** Priority of a template that is made for a stream: above those of users that match by a wildcard. */
const TEMPLATE_PRIORITY = 1_000_000;
/** Most rollovers of one stream: a stream that needs more is not restored as one. */
const MOST_ROLLOVERS = 1_000;

/**
 * Makes the data streams, each with one empty backing index whose number is above those of the indices that are to
 * come. A stream that cannot be made is returned with the reason; its indices are restored as plain ones. Running it
 * again changes nothing.
 */
export async function prepareStreams(
  cluster: Cluster,
  manifest: SnapshotManifest,
  streams: readonly StreamRestore[],
  signal: AbortSignal,
): Promise<LeftOut[]> {
  const leftOut: LeftOut[] = [];
  for (const stream of streams) {
    const missed = (reason: string): void => {
      leftOut.push({ kind: 'data_stream', name: stream.target, reason: cutReason(reason) });
    };
    const reason = await refusal(() => prepareStream(cluster, manifest, stream, missed, signal));
    if (reason === undefined) continue;
    missed(`its backing indices are restored as plain indices: ${reason}`);
    await refusal(() => deleteIfEmpty(cluster, stream.target, signal));
  }
  return leftOut;
}

async function prepareStream(
  cluster: Cluster,
  manifest: SnapshotManifest,
  { target, indices, stream }: StreamRestore,
  missed: (reason: string) => void,
  signal: AbortSignal,
): Promise<void> {
  let made = await cluster.dataStream(target, signal);
  if (made === undefined) {
    await create(cluster, manifest, { target, stream }, missed, signal);
    made = await cluster.dataStream(target, signal);
  }
  const wanted = new Set(indices);
  const last = Math.max(0, ...indices.map(numberOf));
  for (let rollovers = 0; made !== undefined && isInTheWay(made, wanted, last); rollovers++) {
    if (rollovers === MOST_ROLLOVERS) {
      missed(`its backing indices are restored as plain indices: it would need more than ${MOST_ROLLOVERS} rollovers`);
      await deleteIfEmpty(cluster, target, signal);
      return;
    }
    if (!(await isEmpty(cluster, made, signal))) {
      missed('its backing indices are restored as plain indices: somebody else made a stream of that name');
      return;
    }
    await cluster.rolloverDataStream(target, signal);
    for (const index of made.indices) await cluster.deleteIndex(index, signal);
    made = await cluster.dataStream(target, signal);
  }
}

/** Returns whether the stream holds no document: somebody may write to it as soon as it is there. */
async function isEmpty(cluster: Cluster, { indices }: DataStream, signal: AbortSignal): Promise<boolean> {
  await cluster.refresh(indices, signal);
  for (const index of indices) if ((await cluster.count(index, signal)) > 0) return false;
  return true;
}

async function deleteIfEmpty(cluster: Cluster, target: string, signal: AbortSignal): Promise<void> {
  const made = await cluster.dataStream(target, signal);
  if (made !== undefined && (await isEmpty(cluster, made, signal))) await cluster.deleteDataStream(target, signal);
}

/** Returns whether the stream's own index has the name of one that is to come, or a lower number: it must be higher. */
function isInTheWay({ indices, generation }: DataStream, wanted: ReadonlySet<string>, last: number): boolean {
  return generation <= last || indices.some((index) => wanted.has(index));
}

/** Returns the number at the end of a backing index's name; 0 for a name without one. */
function numberOf(index: string): number {
  return Number(/-(\d{6,15})$/.exec(index)?.[1] ?? 0);
}

/** Makes the stream; if no template matches it, makes one for it, which has to stay as long as the stream. */
async function create(
  cluster: Cluster,
  manifest: SnapshotManifest,
  { target, stream }: Pick<StreamRestore, 'target' | 'stream'>,
  missed: (reason: string) => void,
  signal: AbortSignal,
): Promise<void> {
  try {
    await cluster.createDataStream(target, signal);
  } catch (error) {
    if (!NO_TEMPLATE.test(complaintIn(error)?.reason ?? '')) throw error;
    const template = `snapkeep-${target}`;
    const mappings = manifest.indices.find(({ name }) => name === stream.indices.at(-1))?.mappings ?? '{}';
    const body = (own: string): string =>
      `{"index_patterns":${JSON.stringify([target])},"priority":${TEMPLATE_PRIORITY},"data_stream":{},"template":{${own}}}`;
    const isRefused = await refusal(() => cluster.putIndexTemplate(template, body(`"mappings":${mappings}`), signal));
    if (isRefused !== undefined) await cluster.putIndexTemplate(template, body(''), signal);
    await cluster.createDataStream(target, signal);
    missed(
      `the cluster has no template for it: [${template}] was made, as without one there is no stream; replace it by your own`,
    );
  }
}

const NO_TEMPLATE = /no matching index template found|has no data stream template/;

/**
 * Attaches the restored indices to their streams. Deletes a stream of which no index was restored, if it is
 * empty. Returns what could
 * not be attached, with the reason; it stays a plain index. Running it again changes nothing.
 */
export async function attachStreams(
  cluster: Cluster,
  streams: readonly StreamRestore[],
  signal: AbortSignal,
): Promise<LeftOut[]> {
  const leftOut: LeftOut[] = [];
  for (const { target, indices } of streams) {
    const made = await cluster.dataStream(target, signal);
    if (made === undefined) continue;
    const attached = new Set(made.indices);
    const left: string[] = [];
    for (const index of indices) {
      if (!attached.has(index) && (await cluster.indexExists(index, signal))) left.push(index);
    }
    if (left.length === 0) {
      if (!indices.some((index) => attached.has(index))) await deleteIfEmpty(cluster, target, signal);
      continue;
    }
    if ((await refusal(() => cluster.addBackingIndices(target, left, signal))) === undefined) continue;
    for (const index of left) {
      const reason = await refusal(() => cluster.addBackingIndices(target, [index], signal));
      if (reason === undefined) continue;
      leftOut.push({ index, kind: 'data_stream', name: target, reason: cutReason(`not attached: ${reason}`) });
    }
  }
  return leftOut;
}
