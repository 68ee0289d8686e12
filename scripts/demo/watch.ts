/** Follows a job by the status that the API reports. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type Answer, type FrontDoor } from './front-door';
import { type Amount, type Progress } from './progress';

/** The progress of a job. */
export interface JobProgress {
  readonly running: boolean;
  /** The state, as the API spells it. */
  readonly state: string;
  /** Bytes by index. */
  readonly indices: ReadonlyMap<string, Amount>;
  readonly done: number;
  readonly total: number;
}

/** Reads the progress of one job; returns undefined if Snapkeep answers that no worker is available. */
export type ReadProgress = () => Promise<JobProgress | undefined>;

const POLL_MS = 100;

/** Follows `GET _snapshot/{repository}/{snapshot}/_status`. */
export function snapshotProgress(door: FrontDoor, repository: string, snapshot: string): ReadProgress {
  return () =>
    ask(door, `/_snapshot/${repository}/${snapshot}/_status`, ({ json }) => {
      const { state, indices } = json.snapshots[0];
      const amounts = Object.entries<Json>(indices).map(([index, { stats }]): [string, Amount] => [
        index,
        { done: stats.processed.size_in_bytes, total: stats.incremental.size_in_bytes },
      ]);
      return progressOf(state, state === 'IN_PROGRESS', amounts);
    });
}

/** Follows `GET {indices}/_recovery`: the restore is over when every shard of each index is DONE. */
export function restoreProgress(door: FrontDoor, indices: readonly string[]): ReadProgress {
  return () =>
    ask(door, `/${indices.join(',')}/_recovery`, ({ json }) => {
      const amounts = indices.map((index): [string, Amount] => {
        const shards = (json[index]?.shards ?? []) as Json[];
        const sum = (name: string): number => shards.reduce((all, shard) => all + Number(shard.index.size[name]), 0);
        return [index, { done: sum('recovered_in_bytes'), total: sum('total_in_bytes') }];
      });
      const shards = indices.flatMap((index) => (json[index]?.shards ?? [{ stage: 'INIT' }]) as Json[]);
      const running = shards.some(({ stage }) => stage !== 'DONE');
      return progressOf(running ? 'INDEX' : 'DONE', running, amounts);
    });
}

/** Shows the progress until the job ends or `enough` returns true. Resolves with the last progress. */
export async function watch(
  read: ReadProgress,
  progress: Progress,
  enough: (seen: JobProgress) => boolean = () => false,
): Promise<JobProgress> {
  for (;;) {
    const seen = await read();
    if (seen !== undefined) progress.show(new Map([...seen.indices].filter(([, { total }]) => total > 0)));
    if (seen !== undefined && (!seen.running || enough(seen))) {
      progress.end(!seen.running);
      return seen;
    }
    await sleep(POLL_MS);
  }
}

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- answers of the API, looked at once
type Json = any;

async function ask(
  door: FrontDoor,
  path: string,
  understand: (answer: Answer) => JobProgress,
): Promise<JobProgress | undefined> {
  const answer = await door.call('GET', path, undefined, { show: false, expect: [200, 503] });
  return answer.status === 503 ? undefined : understand(answer);
}

function progressOf(state: string, running: boolean, amounts: readonly (readonly [string, Amount])[]): JobProgress {
  const sum = (field: keyof Amount): number => amounts.reduce((all, [, amount]) => all + amount[field], 0);
  return { state, running, indices: new Map(amounts), done: sum('done'), total: sum('total') };
}
