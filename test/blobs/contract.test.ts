import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BlobStore } from '../../src/blobs/contract/blob-store';
import { FsBlobStore } from '../../src/blobs/fs/fs-blob-store';
import { openBlobStore } from '../../src/blobs/open-blob-store';
import { OssBlobStore } from '../../src/blobs/oss/oss-blob-store';
import { type StoreSettings } from '../../src/blobs/registry';
import { RetryingBlobStore } from '../../src/blobs/wrappers/retrying';
import { OSS_SECRETS, startTestOss } from '../support/embedded-oss';
import { FaultyBlobStore } from '../support/faulty-blob-store';
import { random } from '../support/random';
import { describeBlobStoreContract, type OpenedStore } from './blob-store-contract';

async function inFolder(open: (location: string) => BlobStore): Promise<OpenedStore> {
  const location = await mkdtemp(join(tmpdir(), 'snapkeep-fs-'));
  const [store, other] = [open(location), open(location)];
  return { store, other, release: () => rm(location, { recursive: true, force: true }) };
}

async function inBucket(open: (endpoint: string) => BlobStore): Promise<OpenedStore> {
  const oss = await startTestOss();
  const [store, other] = [open(oss.endpoint), open(oss.endpoint)];
  return {
    store,
    other,
    release: async () => {
      await store.close();
      await other.close();
      await oss.stop();
    },
  };
}

describeBlobStoreContract('FsBlobStore', () => inFolder((location) => new FsBlobStore(location)));

describeBlobStoreContract('OssBlobStore with V1 signatures', () =>
  inBucket((endpoint) => new OssBlobStore({ endpoint, bucket: 'snapshots', basePath: '' }, OSS_SECRETS)),
);

describeBlobStoreContract(
  'OssBlobStore with V4 signatures, under a base path of odd characters',
  () =>
    inBucket(
      (endpoint) =>
        new OssBlobStore(
          { endpoint, bucket: 'snapshots', basePath: "prod & é/100%/+'中", region: 'oss-cn-hangzhou' },
          OSS_SECRETS,
        ),
    ),
  { manyObjects: 1203 },
);

describeBlobStoreContract('OssBlobStore with the bucket in the path', () =>
  inBucket((endpoint) => {
    const local = endpoint.replace('127.0.0.1', 'localhost');
    return new OssBlobStore(
      { endpoint: local, bucket: 'snapshots', basePath: 'base', region: 'cn-hangzhou' },
      OSS_SECRETS,
    );
  }),
);

describeBlobStoreContract('RetryingBlobStore around a folder', () =>
  inFolder((location) => new RetryingBlobStore(new FsBlobStore(location))),
);

// Calls fail before they succeed, and every other failed write has stored its object.
describeBlobStoreContract('RetryingBlobStore around a store that keeps failing', () =>
  inFolder((location) => {
    const faulty = new FaultyBlobStore(new FsBlobStore(location));
    const flaky = { fail: 'store_unavailable' as const };
    const next = random(7);
    for (let at = 0; at < 2500; at++) {
      faulty.plan('put', flaky, {}, { ...flaky, failAfterwards: true }, {});
      // At random, because of readers in step one would get the faults of a regular plan.
      for (let i = 0; i < 3; i++) faulty.plan('get', next() < 1 / 3 ? flaky : {});
      faulty.plan('list', { ...flaky, failListAt: 3 }, {});
      faulty.plan('delete', { ...flaky, failAfterwards: true }, {});
    }
    return new RetryingBlobStore(faulty, { attempts: 10, firstPauseMs: 0, withinMs: 10_000 });
  }),
);

const LIMITS = { readonly: false, maxSnapshotBytesPerSec: 200_000_000, maxRestoreBytesPerSec: 200_000_000 };

/**
 * A row for each type of store in the registry, opened as a repository with rate limits opens it. That of `s3`, whose
 * server has to be built, is in test/engines/s3.test.ts.
 */
const REGISTERED: Record<Exclude<StoreSettings['type'], 's3'>, () => Promise<OpenedStore>> = {
  fs: () => inFolder((location) => openBlobStore({ type: 'fs', location }, undefined, LIMITS)),
  oss: () =>
    inBucket((endpoint) =>
      openBlobStore({ type: 'oss', endpoint, bucket: 'snapshots', basePath: 'limited' }, OSS_SECRETS, LIMITS),
    ),
};

for (const [type, open] of Object.entries(REGISTERED)) {
  describeBlobStoreContract(`the store of a repository of type ${type}`, open);
}
