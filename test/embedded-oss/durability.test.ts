import { type ChildProcess, spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import OSS from 'ali-oss';
import { OssBlobStore } from '../../src/blobs/oss/oss-blob-store';
import { isSnapkeepError } from '../../src/contracts/errors';
import { OSS_SECRETS, startTestOss } from '../support/embedded-oss';

const ROOT = join(__dirname, '..', '..');
let dataDir: string;
const children: ChildProcess[] = [];

beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'snapkeep-durable-'));
});
afterEach(async () => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  await rm(dataDir, { recursive: true, force: true });
});

/** The server as a process of its own, ready. */
async function start(port = 0): Promise<{ child: ChildProcess; store: OssBlobStore; port: number }> {
  const child = spawn(
    process.execPath,
    ['-r', join(ROOT, 'test/support/typescript-hook.cjs'), join(ROOT, 'src/embedded/oss/main.ts')],
    {
      env: { ...process.env, SNAPKEEP_EMBEDDED_OSS_PORT: String(port), SNAPKEEP_DATA_DIR: dataDir },
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  children.push(child);
  const lines = createInterface({ input: child.stdout! });
  const [line] = (await once(lines, 'line')) as [string];
  const ready = JSON.parse(line) as { ready: boolean; port: number };
  expect(ready.ready).toBe(true);
  const settings = { endpoint: `http://127.0.0.1:${ready.port}`, bucket: 'snapshots', basePath: '' };
  return { child, store: new OssBlobStore(settings, OSS_SECRETS), port: ready.port };
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<[number | null, string | null]> {
  child.kill(signal);
  return (await once(child, 'exit')) as [number | null, string | null];
}

test('ends with status 0 on SIGTERM and SIGINT, and starts again on the same port with all objects', async () => {
  const first = await start();
  await first.store.put('a/B', Buffer.from('x'));
  await first.store.put('long/' + 'k'.repeat(600), Buffer.from('y'));
  expect(await end(first.child, 'SIGTERM')).toEqual([0, null]);
  const second = await start(first.port);
  expect(second.port).toBe(first.port);
  expect((await second.store.get('a/B')).toString()).toBe('x');
  expect((await second.store.get('long/' + 'k'.repeat(600))).toString()).toBe('y');
  expect(await end(second.child, 'SIGINT')).toEqual([0, null]);
});

test('says what is wrong and ends with status 1 when the port is taken', async () => {
  const first = await start();
  const child = spawn(
    process.execPath,
    ['-r', join(ROOT, 'test/support/typescript-hook.cjs'), join(ROOT, 'src/embedded/oss/main.ts')],
    { env: { ...process.env, SNAPKEEP_EMBEDDED_OSS_PORT: String(first.port), SNAPKEEP_DATA_DIR: dataDir } },
  );
  children.push(child);
  let printed = '';
  child.stderr.on('data', (chunk: Buffer) => (printed += chunk.toString()));
  expect(await once(child, 'exit')).toEqual([1, null]);
  expect(printed).toContain('EADDRINUSE');
});

test('killed at random moments under load: what was answered is there, all else is old, new or absent, never in part', async () => {
  /** What the answers promise per key. An unanswered write may or may not have happened. */
  const known = new Map<string, Set<string>>();
  const ABSENT = 'absent';
  const possible = (key: string): Set<string> => known.get(key) ?? new Set([ABSENT]);
  let unanswered = 0;
  for (let round = 0; round < 6; round++) {
    const { child, store } = await start();
    for (const [key, states] of known) {
      const found = await store.get(key).then(sha, (error: unknown) => {
        if (!isSnapkeepError(error, 'blob_missing')) throw error;
        return ABSENT;
      });
      expect(states).toContain(found);
      known.set(key, new Set([found]));
    }
    const listed: string[] = [];
    for await (const { key } of store.list('')) listed.push(key);
    const present = [...known].filter(([, states]) => !states.has(ABSENT)).map(([key]) => key);
    expect(listed).toEqual(present.sort());

    let killed = false;
    const writer = async (name: number): Promise<void> => {
      for (let at = 0; !killed; at++) {
        const key = `writer-${name}/${at % 5}`;
        const body = randomBytes(1 + Math.floor(Math.random() * (at % 3 === 0 ? 3_000_000 : 3000)));
        const before = possible(key);
        known.set(key, new Set([...before, sha(body)]));
        try {
          if (at % 7 === 6) {
            known.set(key, new Set([...before, ABSENT]));
            await store.delete([key]);
            known.set(key, new Set([ABSENT]));
          } else {
            await store.put(key, body);
            known.set(key, new Set([sha(body)]));
          }
        } catch (error) {
          expect(isSnapkeepError(error, 'store_unavailable')).toBe(true);
          unanswered++;
          return;
        }
      }
    };
    const writers = [0, 1, 2, 3].map(writer);
    await new Promise((resolve) => setTimeout(resolve, 150 + Math.random() * 300));
    await end(child, 'SIGKILL');
    killed = true;
    await Promise.all(writers);
    await store.close();
  }
  expect(unanswered).toBeGreaterThan(0);
});

test('half-written files of a killed process are removed when the server starts', async () => {
  const first = await startTestOss({ dataDir });
  await first.close();
  const temporary = join(dataDir, 'buckets', 'snapshots', 'temporary');
  await writeFile(join(temporary, 'left'), 'half of');
  const second = await startTestOss({ dataDir });
  expect(await readdir(temporary)).toEqual([]);
  await second.close();
});

test('an upload in parts goes on after the server was killed', async () => {
  const connect = (port: number): MultipartClient =>
    new OSS({
      endpoint: `http://127.0.0.1:${port}`,
      bucket: 'snapshots',
      accessKeyId: 'snapkeep',
      accessKeySecret: 'snapkeep-secret',
    }) as unknown as MultipartClient;
  const bodies = [randomBytes(200_000), randomBytes(1000)];
  const send = (client: MultipartClient, at: number): Promise<{ etag: string }> =>
    client._uploadPart('in-parts', uploadId, at + 1, { stream: Readable.from([bodies[at]]), size: bodies[at].length });
  const first = await start();
  const { uploadId } = await connect(first.port).initMultipartUpload('in-parts');
  const one = await send(connect(first.port), 0);
  await end(first.child, 'SIGKILL');
  const second = await start();
  const two = await send(connect(second.port), 1);
  const parts = [one, two].map(({ etag }, at) => ({ number: at + 1, etag }));
  await connect(second.port).completeMultipartUpload('in-parts', uploadId, parts);
  expect((await second.store.get('in-parts')).equals(Buffer.concat(bodies))).toBe(true);
});

/** What ali-oss does part by part, beyond its published types. */
interface MultipartClient {
  initMultipartUpload(name: string): Promise<{ uploadId: string }>;
  _uploadPart(
    name: string,
    uploadId: string,
    number: number,
    data: { stream: Readable; size: number },
  ): Promise<{ etag: string }>;
  completeMultipartUpload(name: string, uploadId: string, parts: { number: number; etag: string }[]): Promise<unknown>;
}

function sha(body: Buffer): string {
  return createHash('sha256').update(body).digest('hex');
}
