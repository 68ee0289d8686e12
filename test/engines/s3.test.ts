import { randomBytes } from 'node:crypto';
import { openBlobStore } from '../../src/blobs/open-blob-store';
import { S3BlobStore } from '../../src/blobs/s3/s3-blob-store';
import { type S3Settings } from '../../src/blobs/s3/s3-settings';
import { RetryingBlobStore } from '../../src/blobs/wrappers/retrying';
import { documentsOf } from '../behaviour/documents';
import { describeBlobStoreContract, expectCode, listed, type OpenedStore } from '../blobs/blob-store-contract';
import { startSnapkeep } from '../support/running-snapkeep';
import { missingForS3, S3_SECRETS, type S3Server, startS3Server } from '../support/s3-server';

/**
 * The store of type `s3` against a server that checks signatures. It is here and not in test/blobs because that server
 * has to be built once, with Go.
 */
const missing = missingForS3();
let server: S3Server;
let places = 0;

const settings = (basePath: string): S3Settings => ({
  type: 's3',
  endpoint: server.endpoint,
  bucket: 'snapshots',
  basePath,
  region: 'us-east-1',
  pathStyle: true,
  serverSideEncryption: false,
});

/** Every test has a base path of its own in the one server. */
function opened(open: (at: S3Settings) => OpenedStore['store']): Promise<OpenedStore> {
  const at = settings(`place-${places++}`);
  const [store, other] = [open(at), open(at)];
  return Promise.resolve({
    store,
    other,
    release: async () => {
      await store.close();
      await other.close();
    },
  });
}

(missing === undefined ? describe : describe.skip)(`S3${missing === undefined ? '' : ` (${missing})`}`, () => {
  beforeAll(async () => {
    server = await startS3Server();
  }, 500_000);
  afterAll(() => server?.stop());

  describeBlobStoreContract('S3BlobStore', () => opened((at) => new S3BlobStore(at, S3_SECRETS)), {
    manyObjects: 1203,
  });

  describeBlobStoreContract('the store of a repository of type s3', () =>
    opened((at) =>
      openBlobStore(at, S3_SECRETS, {
        readonly: false,
        maxSnapshotBytesPerSec: 200_000_000,
        maxRestoreBytesPerSec: 200_000_000,
      }),
    ),
  );

  describe('an object that is sent in parts', () => {
    const PART_BYTES = 5 * 1024 * 1024;
    const body = randomBytes(PART_BYTES * 2 + 1234);
    const open = (basePath: string): S3BlobStore =>
      new S3BlobStore(settings(basePath), S3_SECRETS, { partBytes: PART_BYTES });

    it('comes back whole, and replaces what was there', async () => {
      const store = open('parts');
      await store.put('large', Buffer.from('small'));
      await store.put('large', body);
      expect((await store.get('large')).equals(body)).toBe(true);
      await store.close();
    });

    it('is written once where it must not replace another', async () => {
      const store = open('parts-if-absent');
      await store.putIfAbsent('large', body);
      await expectCode(store.putIfAbsent('large', Buffer.concat([body, body])), 'blob_exists');
      await expectCode(store.putIfAbsent('large', Buffer.from('small')), 'blob_exists');
      expect((await store.get('large')).equals(body)).toBe(true);
      await store.close();
    });

    it('of several writers at once is that of exactly one', async () => {
      const store = new RetryingBlobStore(open('parts-race'));
      const bodies = [1, 2, 3].map((fill) => Buffer.alloc(PART_BYTES + 1000, fill));
      const results = await Promise.allSettled(bodies.map((one) => store.putIfAbsent('large', one)));
      const winners = results.flatMap(({ status }, at) => (status === 'fulfilled' ? [at] : []));
      expect(winners).toHaveLength(1);
      expect((await store.get('large')).equals(bodies[winners[0]!]!)).toBe(true);
      await store.close();
    });

    it('leaves nothing when it is interrupted', async () => {
      const store = open('parts-interrupted');
      const controller = new AbortController();
      const reason = new Error('given up');
      const put = store.put('large', Buffer.concat([body, body, body]), { signal: controller.signal });
      setTimeout(() => controller.abort(reason), 30);
      await expect(put).rejects.toBe(reason);
      expect(await listed(store.list(''))).toEqual([]);
      await store.close();
    });
  });

  it('holds the snapshots of a cluster, and gives them back', async () => {
    const snapkeep = await startSnapkeep();
    try {
      const { call } = snapkeep;
      const registered = await call('PUT', '/_snapshot/r', {
        type: 's3',
        settings: {
          endpoint: server.endpoint,
          bucket: 'snapshots',
          base_path: 'whole',
          access_key: S3_SECRETS.accessKey,
          secret_key: S3_SECRETS.secretKey,
        },
      });
      expect(registered.text).toBe('{"acknowledged":true}');
      const lines = Array.from({ length: 300 }, (_, i) => `{"index":{"_id":"${i}"}}\n{"n":${i}}\n`);
      await call('POST', '/things/_bulk?refresh=true', lines.join(''), { 'content-type': 'application/x-ndjson' });
      const taken = await call('PUT', '/_snapshot/r/s?wait_for_completion=true', { indices: 'things' });
      expect(taken.json?.snapshot ?? taken.text).toMatchObject({ state: 'SUCCESS', shards: { failed: 0 } });
      const rename = { indices: 'things', rename_pattern: 'things', rename_replacement: 'back' };
      const restored = await call('POST', '/_snapshot/r/s/_restore?wait_for_completion=true', rename);
      expect(restored.json?.snapshot ?? restored.text).toMatchObject({ shards: { failed: 0 } });
      expect(await documentsOf(snapkeep.clusterUrl, 'back')).toEqual(await documentsOf(snapkeep.clusterUrl, 'things'));
      const shown = await call('GET', '/_snapshot/r');
      expect(shown.json.r).toMatchObject({ type: 's3', settings: { bucket: 'snapshots', base_path: 'whole' } });
      expect(shown.text).not.toContain(S3_SECRETS.secretKey);
      expect((await call('DELETE', '/_snapshot/r/s')).json).toEqual({ acknowledged: true });
      const store = new S3BlobStore(settings('whole'), S3_SECRETS);
      expect((await listed(store.list(''))).filter((key) => !key.startsWith('snapkeep-root-'))).toEqual([]);
      await store.close();
    } finally {
      await snapkeep.stop();
    }
  }, 240_000);

  it.each([
    ['a wrong secret', { ...S3_SECRETS, secretKey: 'wrong' }, {}, 'store_access_denied'],
    ['an unknown key', { ...S3_SECRETS, accessKey: 'nobody' }, {}, 'store_access_denied'],
    ['a missing bucket', S3_SECRETS, { bucket: 'no-such-bucket' }, 'store_bucket_missing'],
  ] as const)('refuses %s by name, without the secret', async (_, secrets, other, code) => {
    const store = new S3BlobStore({ ...settings('refused'), ...other }, secrets);
    for (const call of [
      () => store.put('a', Buffer.from('x')),
      () => store.get('a'),
      () => listed(store.list('')),
      () => store.delete(['a', 'b']),
      () => store.checkUsable(),
    ]) {
      const error = await call().then(
        () => undefined,
        (reason: unknown) => reason as Error,
      );
      expect(error).toMatchObject({ code });
      expect(JSON.stringify({ ...error, message: error?.message })).not.toContain(secrets.secretKey);
    }
    await store.close();
  });
});
