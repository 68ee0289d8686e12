import { join } from 'node:path';
import { folderSize } from '../support/folder-size';
import { type BenchHttp } from '../support/http';
import { SNAPKEEP } from '../support/metered';
import { elapsed } from '../support/statistics';
import { type Contender, type Taken } from './contender';
import { restoreSnapshot, takeSnapshot } from './native';

/** Snapkeep, in an `oss` repository of the embedded OSS server on the same disk. */
export class SnapkeepContender implements Contender {
  readonly name = SNAPKEEP;
  private repository = '';

  constructor(
    private readonly http: BenchHttp,
    private readonly ossEndpoint: string,
    private readonly ossFolder: string,
  ) {}

  async prepare(round: number): Promise<void> {
    this.repository = `snapkeep-${round}`;
    await registerRepository(this.http, this.ossEndpoint, this.repository);
  }

  /** Takes a snapshot; its bytes are those by which all objects of the bucket grew on disk. */
  async take(index: string, label: string): Promise<Taken> {
    const before = await folderSize(this.ossFolder);
    const ms = await elapsed(() => takeSnapshot(this.http, this.repository, label, index));
    const bytes = (await folderSize(this.ossFolder)) - before;
    const { snapshots } = await this.http.json<{
      snapshots: [{ stats: { incremental: { size_in_bytes: number } } }];
    }>('GET', `/_snapshot/${this.repository}/${label}/_status`);
    return { ms, bytes, dataBytes: snapshots[0].stats.incremental.size_in_bytes };
  }

  restore(index: string, label: string, target: string): Promise<number> {
    return elapsed(() => restoreSnapshot(this.http, this.repository, label, { index, target }));
  }
}

/**
 * Registers an empty repository of its own folder in the embedded OSS server's bucket. `settings` are added to those of
 * the bucket.
 */
export async function registerRepository(
  http: BenchHttp,
  ossEndpoint: string,
  name: string,
  settings: Readonly<Record<string, string>> = {},
): Promise<void> {
  await http.json('PUT', `/_snapshot/${name}`, {
    type: 'oss',
    settings: {
      endpoint: ossEndpoint,
      access_key_id: 'snapkeep',
      secret_access_key: 'snapkeep-secret',
      bucket: 'snapshots',
      region: 'oss-cn-hangzhou',
      base_path: name,
      ...settings,
    },
  });
}

/** Returns the folder in which the embedded OSS server keeps its objects. */
export function ossFolder(dataDir: string): string {
  return join(dataDir, 'oss');
}
