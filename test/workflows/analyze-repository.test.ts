import { randomBytes } from 'node:crypto';
import { type TestWorkflowEnvironment } from '@temporalio/testing';
import { toFailure } from '../../activities/activity-shell';
import { type BlobInfo, type BlobStore } from '../../src/blobs/contract/blob-store';
import { SnapkeepError } from '../../src/contracts/errors';
import { type AnalysisOutcome, type AnalyzeInput } from '../../src/contracts/jobs/analysis';
import { asSnapkeepError } from '../../src/jobs/temporal/temporal-failures';
import {
  checkDeleted,
  contend,
  deleteBlobs,
  readBlobs,
  readContended,
  writeBlobs,
} from '../../src/repository/verifying/analyze-store';
import { type analyzeRepositoryWorkflow } from '../../workflows';
import { MemoryBlobStore } from '../repository/support/memory-blob-store';
import {
  type FakeActivities,
  keepHistory,
  repositoryOf,
  startEnvironment,
  untilCancelled,
  withActivities,
} from './support';

let environment: TestWorkflowEnvironment;

beforeAll(async () => {
  environment = await startEnvironment();
}, 60_000);

afterAll(() => environment.teardown());

/** The real parts of the workers, over a store in memory. */
function partsOver(store: BlobStore): FakeActivities {
  const signal = new AbortController().signal;
  const orFailure = <Result>(result: Promise<Result>): Promise<Result> =>
    result.catch((error: unknown) => {
      throw toFailure(error, true);
    });
  return {
    writeBlobs: (part) => orFailure(writeBlobs(store, part, signal)),
    readBlobs: (part) => orFailure(readBlobs(store, part, signal)),
    contend: (part) => orFailure(contend(store, part, signal)),
    readContended: (part) => orFailure(readContended(store, part, signal)),
    checkDeleted: (part) => orFailure(checkDeleted(store, part, signal)),
    deleteBlobs: ({ blobs }) => orFailure(deleteBlobs(store, blobs, signal)),
  };
}

async function analyze(
  activities: FakeActivities,
  { history, ...more }: Partial<AnalyzeInput> & { readonly history?: string } = {},
): Promise<AnalysisOutcome> {
  return withActivities(environment, activities, async ({ taskQueue, options }) => {
    const token = randomBytes(8).toString('hex');
    const input: AnalyzeInput = {
      registration: repositoryOf(token),
      workerQueues: [taskQueue, taskQueue, taskQueue],
      blobs: { token, seed: 7, count: 20, maxSize: 5_000, maxTotalSize: 50_000 },
      concurrency: 6,
      readers: 10,
      contendedKeys: 5,
      timeoutMs: 30_000,
      options,
      ...more,
    };
    const handle = await environment.client.workflow.start<typeof analyzeRepositoryWorkflow>(
      'analyzeRepositoryWorkflow',
      { workflowId: `analyze-${token}`, taskQueue, args: [input] },
    );
    try {
      return await handle.result();
    } catch (error) {
      throw asSnapkeepError(error);
    } finally {
      if (history !== undefined) await keepHistory(handle, history);
    }
  });
}

it('measures a store that keeps its promises, and leaves nothing there', async () => {
  const store = new MemoryBlobStore();
  const { writes, reads } = await analyze(partsOver(store), { history: 'analyze-repository' });
  expect(writes).toMatchObject({ count: 20 });
  expect(reads).toMatchObject({ count: 60, bytes: 3 * writes.bytes });
  expect(writes.bytes).toBeGreaterThan(5_000);
  expect(writes.bytes).toBeLessThanOrEqual(50_000);
  expect(store.keys()).toEqual([]);
});

const isLast = (key: string): boolean => key.endsWith('-blob-19');

/** Replaces what is there. */
class Replacing extends MemoryBlobStore {
  override putIfAbsent(key: string, body: Buffer): Promise<void> {
    return this.put(key, body);
  }
}

/** Lists an object late. */
class LateListing extends MemoryBlobStore {
  override async *list(prefix: string): AsyncGenerator<BlobInfo> {
    for await (const blob of super.list(prefix)) if (!isLast(blob.key)) yield blob;
  }
}

/** Damages what is read. */
class Damaging extends MemoryBlobStore {
  override async get(key: string, options: { maxBytes?: number } = {}): Promise<Buffer> {
    const body = await super.get(key, options);
    if (isLast(key)) body[0]! ^= 1;
    return body;
  }
}

/** Does not find what was written. */
class Forgetting extends MemoryBlobStore {
  override async get(key: string, options: { maxBytes?: number } = {}): Promise<Buffer> {
    if (isLast(key)) throw new SnapkeepError('blob_missing', `object [${key}] is missing`);
    return super.get(key, options);
  }
}

/** Keeps what is deleted. */
class Keeping extends MemoryBlobStore {
  override async delete(keys: readonly string[]): Promise<void> {
    return super.delete(keys.filter((key) => !isLast(key)));
  }
}

/** Reads what is deleted. */
class Remembering extends MemoryBlobStore {
  private readonly last = new Map<string, Buffer>();
  override async putIfAbsent(key: string, body: Buffer): Promise<void> {
    if (isLast(key)) this.last.set(key, body);
    return super.putIfAbsent(key, body);
  }
  override async get(key: string, options: { maxBytes?: number } = {}): Promise<Buffer> {
    return this.last.get(key) ?? (await super.get(key, options));
  }
}

it.each([
  ['replaces what must not be replaced', Replacing, 'put if absent'],
  ['lists late', LateListing, 'list after write'],
  ['damages bytes', Damaging, 'read after write'],
  ['does not find what was written', Forgetting, 'read after write'],
  ['keeps what was deleted', Keeping, 'list after delete'],
  ['reads what was deleted', Remembering, 'read after delete'],
])('names the promise of a store that %s', async (_, Store, promise) => {
  await expect(analyze(partsOver(new Store()))).rejects.toMatchObject({
    code: 'repository_verification_exception',
    message: expect.stringContaining(`breaks its promise [${promise}]`) as string,
  });
});

it('deletes what it wrote when it fails', async () => {
  const store = new Damaging();
  await expect(analyze(partsOver(store), { history: 'analyze-repository-broken-promise' })).rejects.toThrow('promise');
  expect(store.written.length).toBeGreaterThan(0);
  expect(store.keys()).toEqual([]);
});

it('fails when its time is over, and deletes what it wrote', async () => {
  const store = new MemoryBlobStore();
  const slow = { ...partsOver(store), readBlobs: () => untilCancelled() };
  await expect(analyze(slow, { timeoutMs: 1_500, history: 'analyze-repository-too-slow' })).rejects.toMatchObject({
    code: 'repository_verification_exception',
    message: expect.stringContaining('did not end within [1.5s]') as string,
  });
  expect(store.written.length).toBeGreaterThan(0);
  expect(store.keys()).toEqual([]);
});
