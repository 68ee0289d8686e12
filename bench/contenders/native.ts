import { join } from 'node:path';
import { folderSize } from '../support/folder-size';
import { type BenchHttp } from '../support/http';
import { elapsed } from '../support/statistics';
import { type Contender, type Taken } from './contender';

/** The cluster's own snapshots, in an `fs` repository on the same disk. */
export class Native implements Contender {
  private repository = '';
  private folder = '';

  /** @param throttled true for the default rate limits of a repository (40 MB/s each way), false for none. */
  constructor(
    private readonly http: BenchHttp,
    private readonly pathRepo: string,
    readonly name: string,
    private readonly throttled: boolean,
  ) {}

  async prepare(round: number): Promise<void> {
    this.repository = `${this.throttled ? 'native' : 'native-unthrottled'}-${round}`;
    this.folder = join(this.pathRepo, this.repository);
    const limits = this.throttled ? {} : { max_snapshot_bytes_per_sec: '0', max_restore_bytes_per_sec: '0' };
    await this.http.json('PUT', `/_snapshot/${this.repository}`, {
      type: 'fs',
      settings: { location: this.folder, ...limits },
    });
  }

  async take(index: string, label: string): Promise<Taken> {
    const before = await folderSize(this.folder);
    const ms = await elapsed(() => takeSnapshot(this.http, this.repository, label, index));
    return { ms, bytes: (await folderSize(this.folder)) - before };
  }

  restore(index: string, label: string, target: string): Promise<number> {
    return elapsed(() => restoreSnapshot(this.http, this.repository, label, { index, target }));
  }
}

/** Takes one snapshot over the snapshot API, of a cluster or of Snapkeep; throws if it did not succeed. */
export async function takeSnapshot(http: BenchHttp, repository: string, name: string, index: string): Promise<void> {
  const { snapshot } = await http.json<{ snapshot: { state: string } }>(
    'PUT',
    `/_snapshot/${repository}/${name}?wait_for_completion=true`,
    { indices: index, include_global_state: false },
  );
  if (snapshot.state !== 'SUCCESS') throw new Error(`snapshot [${repository}:${name}] ended ${snapshot.state}`);
}

/**
 * Runs one restore over the snapshot API, of a cluster or of Snapkeep; throws if a shard failed. `target` replaces what
 * `pattern` matches in the names.
 */
export async function restoreSnapshot(
  http: BenchHttp,
  repository: string,
  name: string,
  { index, target, pattern = '.+' }: { index: string; target: string; pattern?: string },
): Promise<void> {
  const { snapshot } = await http.json<{ snapshot: { shards: { total: number; successful: number } } }>(
    'POST',
    `/_snapshot/${repository}/${name}/_restore?wait_for_completion=true`,
    { indices: index, rename_pattern: pattern, rename_replacement: target, include_global_state: false },
  );
  const { total, successful } = snapshot.shards;
  if (total === 0 || successful !== total) {
    throw new Error(`restore of [${repository}:${name}] brought ${successful} of ${total} shards`);
  }
}
