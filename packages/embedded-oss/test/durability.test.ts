import { type ChildProcess, spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import OSS from 'ali-oss';
import { OSS_SECRETS, startTestOss } from '../../../test/support/embedded-oss';

const PROGRAM = ['-r', join(__dirname, '../../../test/support/typescript-hook.cjs'), join(__dirname, '../src/main.ts')];
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
async function start(port = 0): Promise<{ child: ChildProcess; client: Client; port: number }> {
  const child = spawn(process.execPath, PROGRAM, {
    env: { ...process.env, SNAPKEEP_EMBEDDED_OSS_PORT: String(port), SNAPKEEP_DATA_DIR: dataDir },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  children.push(child);
  const lines = createInterface({ input: child.stdout! });
  const [line] = (await once(lines, 'line')) as [string];
  const ready = JSON.parse(line) as { ready: boolean; port: number };
  expect(ready.ready).toBe(true);
  const account = { accessKeyId: OSS_SECRETS.accessKeyId, accessKeySecret: OSS_SECRETS.secretAccessKey };
  const client = new OSS({ endpoint: `http://127.0.0.1:${ready.port}`, bucket: 'snapshots', ...account });
  return { child, client: client as unknown as Client, port: ready.port };
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<[number | null, string | null]> {
  child.kill(signal);
  return (await once(child, 'exit')) as [number | null, string | null];
}

test('ends with status 0 on SIGTERM and SIGINT, and starts again on the same port with all objects', async () => {
  const first = await start();
  await first.client.put('a/B', Buffer.from('x'));
  await first.client.put('long/' + 'k'.repeat(600), Buffer.from('y'));
  expect(await end(first.child, 'SIGTERM')).toEqual([0, null]);
  const second = await start(first.port);
  expect(second.port).toBe(first.port);
  expect((await second.client.get('a/B')).content.toString()).toBe('x');
  expect((await second.client.get('long/' + 'k'.repeat(600))).content.toString()).toBe('y');
  expect(await end(second.child, 'SIGINT')).toEqual([0, null]);
});

test('says what is wrong and ends with status 1 when the port is taken', async () => {
  const first = await start();
  const child = spawn(process.execPath, PROGRAM, {
    env: { ...process.env, SNAPKEEP_EMBEDDED_OSS_PORT: String(first.port), SNAPKEEP_DATA_DIR: dataDir },
  });
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
    const { child, client } = await start();
    for (const [key, states] of known) {
      const found = await client.get(key).then(
        ({ content }) => sha(content),
        (error: { code?: string }) => {
          if (error.code !== 'NoSuchKey') throw error;
          return ABSENT;
        },
      );
      expect(states).toContain(found);
      known.set(key, new Set([found]));
    }
    const { objects } = await client.listV2({ 'max-keys': '1000' });
    const listed = (objects ?? []).map(({ name }) => name);
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
            await client.delete(key);
            known.set(key, new Set([ABSENT]));
          } else {
            await client.put(key, body);
            known.set(key, new Set([sha(body)]));
          }
        } catch (error) {
          // What ali-oss says where there was no answer.
          expect([-1, -2]).toContain((error as { status?: number }).status);
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
  const bodies = [randomBytes(200_000), randomBytes(1000)];
  const send = (client: Client, at: number): Promise<{ etag: string }> =>
    client._uploadPart('in-parts', uploadId, at + 1, { stream: Readable.from([bodies[at]]), size: bodies[at].length });
  const first = await start();
  const { uploadId } = await first.client.initMultipartUpload('in-parts');
  const one = await send(first.client, 0);
  await end(first.child, 'SIGKILL');
  const second = await start();
  const two = await send(second.client, 1);
  const parts = [one, two].map(({ etag }, at) => ({ number: at + 1, etag }));
  await second.client.completeMultipartUpload('in-parts', uploadId, parts);
  expect((await second.client.get('in-parts')).content.equals(Buffer.concat(bodies))).toBe(true);
});

/** What is used of ali-oss; part by part is beyond its published types. */
interface Client extends Pick<OSS, 'put' | 'get' | 'delete'> {
  listV2(query: { 'max-keys': string }): Promise<{ objects?: { name: string }[] }>;
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
