import { responseFailure } from '../../src/cluster/http/cluster-failures';
import { type BulkResult } from '../../src/cluster/writing/bulk';
import { BulkWriter, type WriteConflicts } from '../../src/cluster/writing/bulk-writer';
import { documentId, documentOffsets, halve, pickDocuments } from '../../src/documents/bulk-lines';
import { failureOf } from './support';

const line = (id: number): string => `{"index":{"_id":"${id}"}}\n{"n":${id},"pad":"${'x'.repeat(100)}"}\n`;
const body = (from: number, to: number): Buffer =>
  Buffer.from(Array.from({ length: to - from }, (_, i) => line(from + i)).join(''));
const ids = (sent: Buffer): number[] =>
  Array.from(sent.toString().matchAll(/"_id":"(\d+)"/g), (match) => Number(match[1]));

const TAKEN: BulkResult = { rejected: [], rejectedTotal: 0, throttled: [], conflicts: [], conflictTotal: 0 };
const busy = (): Error =>
  responseFailure(
    'POST /x/_bulk',
    429,
    Buffer.from('{"error":{"type":"es_rejected_execution_exception","reason":"queue full"}}'),
  );

/** A cluster that answers as told, and remembers what it took. */
class Taking {
  readonly taken: number[] = [];
  readonly sizes: number[] = [];
  most = 0;
  private now = 0;

  constructor(private readonly answer: (sent: Buffer, request: number) => BulkResult | Error) {}

  send = async (sent: Buffer): Promise<BulkResult> => {
    this.sizes.push(sent.length);
    this.most = Math.max(this.most, ++this.now);
    await new Promise((resolve) => setTimeout(resolve, 2));
    this.now--;
    const result = this.answer(sent, this.sizes.length);
    if (result instanceof Error) throw result;
    const refused = new Set([...result.throttled, ...result.rejected.map(({ position }) => position)]);
    this.taken.push(...ids(sent).filter((_, position) => !refused.has(position)));
    return result;
  };
}

const upTo = (n: number): number[] => Array.from({ length: n }, (_, i) => i);
const sorted = (numbers: readonly number[]): number[] => [...numbers].sort((a, b) => a - b);

describe('writing bulk bodies', () => {
  it('keeps as many requests in flight as allowed, and no more', async () => {
    const cluster = new Taking(() => TAKEN);
    const writer = new BulkWriter('logs', cluster.send, { inFlight: 3 });
    for (let i = 0; i < 30; i++) await writer.write(body(i * 10, i * 10 + 10));
    await writer.flush();
    expect(sorted(cluster.taken)).toEqual(upTo(300));
    expect(cluster.most).toBe(3);
  });

  it('sends less at once to a cluster that is busy, until every document is taken', async () => {
    const cluster = new Taking((sent) => (sent.length > 300_000 ? busy() : TAKEN));
    const writer = new BulkWriter('logs', cluster.send, { inFlight: 2 });
    for (let i = 0; i < 3; i++) await writer.write(body(i * 6_000, i * 6_000 + 6_000));
    await writer.flush();
    expect(sorted(cluster.taken)).toEqual(upTo(18_000));
  });

  it('sends again only the documents that were refused for lack of capacity', async () => {
    const cluster = new Taking((_, request) =>
      request === 1 ? { ...TAKEN, throttled: [1, 3, 4] } : request === 2 ? { ...TAKEN, throttled: [0] } : TAKEN,
    );
    let bytes = 0;
    const writer = new BulkWriter('logs', cluster.send);
    await writer.write(body(0, 5), { onWritten: (more) => (bytes += more) });
    await writer.flush();
    expect(cluster.taken).toEqual([0, 2, 3, 4, 1]);
    expect(bytes).toBe(body(0, 5).length);
    expect(cluster.sizes).toEqual([body(0, 5).length, body(0, 3).length, body(0, 1).length]);
  });

  it('gives up when the cluster stays busy longer than its patience', async () => {
    const cluster = new Taking(() => busy());
    const writer = new BulkWriter('logs', cluster.send, { patience: 300 });
    await writer.write(body(0, 5));
    expect(await failureOf(writer.flush())).toMatchObject({
      code: 'cluster_unavailable',
      message: expect.stringContaining('429'),
    });
    expect((await failureOf(writer.write(body(5, 6)))).code).toBe('cluster_unavailable');
  });

  it('cuts what the cluster finds too large, and names a document that alone is', async () => {
    const tooLarge = () => responseFailure('POST /x/_bulk', 413, Buffer.from(''));
    const some = new Taking((sent) => (sent.length > 1_000 ? tooLarge() : TAKEN));
    const writer = new BulkWriter('logs', some.send);
    await writer.write(body(0, 50));
    await writer.flush();
    expect(sorted(some.taken)).toEqual(upTo(50));

    const none = new BulkWriter('logs', new Taking(() => tooLarge()).send);
    await none.write(body(7, 8));
    expect(await failureOf(none.flush())).toMatchObject({
      code: 'document_too_large',
      message: expect.stringContaining('document [7] of [logs]'),
    });
  });

  it('stops at the first rejected document, with its id and the number of others', async () => {
    const rejection = { position: 2, status: 400, type: 'mapper_parsing_exception', reason: 'no number' };
    const cluster = new Taking(() => ({ ...TAKEN, rejected: [rejection], rejectedTotal: 4, throttled: [0] }));
    const writer = new BulkWriter('logs', cluster.send);
    await writer.write(body(10, 15));
    expect(await failureOf(writer.flush())).toEqual({
      code: 'document_rejected',
      message: '[logs] rejected document [12] (and 3 more): 400 mapper_parsing_exception: no number',
    });
  });

  it('keeps newer versions that somebody else wrote, where it may, and names them', async () => {
    const cluster = new Taking(() => ({ ...TAKEN, conflicts: [1, 3], conflictTotal: 7 }));
    const found: WriteConflicts[] = [];
    const lenient = new BulkWriter('logs', cluster.send);
    await lenient.write(body(10, 15), { onConflict: (conflicts) => found.push(conflicts) });
    await lenient.flush();
    expect(found).toEqual([{ total: 7, ids: ['11', '13'] }]);
    const strict = new BulkWriter('logs', cluster.send);
    await strict.write(body(10, 15));
    expect((await failureOf(strict.flush())).message).toContain('newer version of document [11]');
  });

  it('says why the cluster takes nothing, when it has waited long enough', async () => {
    const full = { ...TAKEN, throttled: [0, 1], throttledReason: 'disk usage exceeded flood-stage watermark' };
    const writer = new BulkWriter('logs', new Taking(() => full).send, { patience: 1 });
    await writer.write(body(0, 2));
    expect(await failureOf(writer.flush())).toMatchObject({
      code: 'cluster_unavailable',
      message: expect.stringContaining('flood-stage watermark'),
    });
  });

  it('stops when it is told to, with the reason', async () => {
    const stop = new AbortController();
    const writer = new BulkWriter('logs', new Taking(() => busy()).send, { signal: stop.signal });
    await writer.write(body(0, 5));
    const reason = new Error('cancelled');
    stop.abort(reason);
    await expect(writer.write(body(5, 9))).rejects.toBe(reason);
    await expect(writer.flush()).rejects.toThrow();
  });
});

describe('the documents of a bulk body', () => {
  it('are found, taken apart and put together again', () => {
    const whole = body(0, 101);
    expect(documentOffsets(whole).length).toBe(102);
    expect(Buffer.concat(halve(whole)).equals(whole)).toBe(true);
    expect(halve(whole).every((half) => half.length > whole.length / 3)).toBe(true);
    expect(halve(body(3, 4))).toEqual([body(3, 4)]);
    expect(ids(pickDocuments(whole, [0, 50, 100]))).toEqual([0, 50, 100]);
    expect(documentId(whole, 42)).toBe('42');
    expect(documentId(whole, 101)).toBeUndefined();
    expect([...documentOffsets(Buffer.alloc(0))]).toEqual([0]);
  });

  it('must be whole', () => {
    expect(() => documentOffsets(Buffer.from('{"index":{}}\n'))).toThrow(RangeError);
    expect(() => documentOffsets(Buffer.from('{"index":{}}\n{}'))).toThrow(RangeError);
  });
});
