import { setTimeout as sleep } from 'node:timers/promises';
import { type BenchHttp } from './http';

/** Ms between two turns: short beside the spreads that are measured, and long enough to leave the machine to others. */
const PAUSE_MS = 5;

/** The shards that a {@link PairWriter} writes to. */
export interface WrittenShard {
  readonly index: string;
  readonly shard: number;
  /** A routing that leads to the shard. */
  readonly routing: string;
}

/**
 * Writes one document into every shard at the same time, again and again, each with the number of its turn. Whoever
 * reads the shards later learns from the greatest numbers how far apart their states are.
 */
export class PairWriter {
  /** Time at which each turn was written, ms since the epoch; the position is its number. */
  private readonly times: number[] = [];
  private ending = false;
  private readonly running: Promise<void>;

  constructor(
    private readonly http: BenchHttp,
    private readonly shards: readonly WrittenShard[],
  ) {
    this.running = this.write();
    this.running.catch(() => undefined); // thrown by `stop`
  }

  /** Ends after the turn under way. Throws if a turn failed. */
  async stop(): Promise<void> {
    this.ending = true;
    await this.running;
  }

  /** Returns the ms between the writing of the least and of the greatest of the turns. */
  spreadOf(turns: readonly number[]): number {
    return this.times[Math.max(...turns)]! - this.times[Math.min(...turns)]!;
  }

  private async write(): Promise<void> {
    while (!this.ending) {
      const turn = this.times.push(Date.now()) - 1;
      const lines = this.shards.map(
        ({ index, routing }) => `{"index":{"_index":"${index}","routing":"${routing}"}}\n{"turn":${turn}}\n`,
      );
      const body = Buffer.from(lines.join(''));
      const answer = await this.http.bytes('POST', '/_bulk?filter_path=errors', body, 'application/x-ndjson');
      if (Buffer.from(answer).toString('utf8') !== '{"errors":false}') throw new Error('a turn was refused');
      await sleep(PAUSE_MS);
    }
  }
}

/** Finds a routing for every shard of the indices. */
export async function writtenShards(
  http: BenchHttp,
  indices: readonly string[],
  each: number,
): Promise<WrittenShard[]> {
  const found: WrittenShard[] = [];
  for (const index of indices) {
    const routings = new Map<number, string>();
    for (let i = 0; routings.size < each; i++) {
      const { shards } = await http.json<{ shards: [[{ shard: number }]] }>(
        'GET',
        `/${index}/_search_shards?routing=r${i}`,
      );
      const { shard } = shards[0][0];
      if (!routings.has(shard)) routings.set(shard, `r${i}`);
    }
    for (const [shard, routing] of routings) found.push({ index, shard, routing });
  }
  return found;
}
