/**
 * A snapshot with next to nothing to copy is copied where it is planned: no plan and results to be kept in the bucket, no
 * second and third activity. Only ever a short cut: where anything goes wrong or takes long, the job goes the long way.
 */
import { type Cluster } from '../cluster/cluster';
import { type DocumentReader, type ShardState } from '../cluster/reading/document-reader';
import { isSnapkeepError } from '../contracts/errors';
import { type ShardResult } from '../contracts/jobs/copy';
import { type CodecPool } from '../documents/codec-pool';
import { type OpenRepository } from '../registrations/open-repositories';
import { copySmallShard } from '../repository/segments/settle-shard';
import { type ChangedShard } from './job-plan';
import { shardCopying, ShardStates } from './shard-copying';

/** What is little: shards, bytes to read, and documents that may have to be looked through for deleted ones. */
const MOST = { shards: 8, bytes: 1024 * 1024, baseDocuments: 100_000 } as const;
/** How long it may take, ms; a job that waits for a store or a cluster must not look as if it had not begun. */
const TIME_LIMIT_MS = 1_000;

export interface CopyAtOnce {
  readonly repository: OpenRepository;
  readonly uuid: string;
  readonly shards: readonly ChangedShard[];
  readonly reader: DocumentReader;
  /** Read for the plan, so before the refresh. */
  readonly states: readonly ShardState[];
  readonly signal: AbortSignal;
}

/**
 * Copies the shards; undefined where they are too large, or where that failed in any foreseen way: nothing is decided then,
 * and what was written are leftovers. Throws the signal's reason, and programming errors. Nothing is being written any more when it returns.
 */
export async function copyAtOnce(
  cluster: Cluster,
  pool: CodecPool,
  { repository, uuid, shards, reader, states: planned, signal }: CopyAtOnce,
): Promise<ShardResult[] | undefined> {
  if (!areSmall(shards)) return undefined;
  if (shards.length === 0) return [];
  const { writing, settling, ofSameHistory } = shardCopying(cluster, pool);
  const inner = AbortSignal.any([signal, AbortSignal.timeout(TIME_LIMIT_MS)]);
  const states = new ShardStates(planned);
  const copy = async (shard: ChangedShard): Promise<ShardResult> => {
    const write = writing(repository, uuid, shard);
    const settle = await settling(repository, reader, shard, states.of(shard), write, inner);
    return { ordinal: shard.ordinal, entry: await copySmallShard(settle, inner) };
  };
  try {
    await cluster.refresh([...new Set(shards.map((shard) => shard.index.name))], inner);
    const copied = await Promise.allSettled(shards.map(copy));
    const results = copied.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
    const failed = copied.find((one) => one.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
    const checked = await ofSameHistory(results, shards, inner);
    return checked.some((result) => result.failure !== undefined) ? undefined : checked;
  } catch (error) {
    if (!isSnapkeepError(error) && !inner.aborted) throw error;
    return undefined;
  } finally {
    signal.throwIfAborted();
  }
}

function areSmall(shards: readonly ChangedShard[]): boolean {
  const sum = (of: (shard: ChangedShard) => number): number => shards.reduce((all, shard) => all + of(shard), 0);
  return (
    shards.length <= MOST.shards &&
    sum((shard) => shard.plan.bytes) <= MOST.bytes &&
    sum((shard) => shard.plan.base?.totals.documents ?? 0) <= MOST.baseDocuments
  );
}
