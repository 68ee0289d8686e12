import { Coalescer } from '../../src/concurrency/coalescer';
import { SnapkeepError } from '../../src/contracts/errors';

/** Reads that end when the test says so. */
class Reads {
  begun = 0;
  private readonly open: { resolve: (value: number) => void; reject: (error: Error) => void }[] = [];

  readonly read = (): Promise<number> => {
    const number = ++this.begun;
    return new Promise<number>((resolve, reject) => {
      this.open[number] = { resolve, reject };
    });
  };

  end(number: number): void {
    this.open[number].resolve(number);
  }

  fail(number: number): void {
    this.open[number].reject(new Error(`read ${number}`));
  }
}

const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('a coalescer', () => {
  it('lets everybody who asks during a read wait for one that begins afterwards', async () => {
    const shared = new Coalescer();
    const reads = new Reads();
    const first = shared.ask('key', reads.read);
    const others = Array.from({ length: 100 }, () => shared.ask('key', reads.read));
    expect(reads.begun).toBe(1);
    reads.end(1);
    expect(await first).toBe(1);
    await settle();
    expect(reads.begun).toBe(2);
    const later = shared.ask('key', reads.read);
    reads.end(2);
    expect(new Set(await Promise.all(others))).toEqual(new Set([2]));
    await settle();
    reads.end(3);
    expect(await later).toBe(3);
    await settle();
    void shared.ask('key', reads.read);
    expect(reads.begun).toBe(4);
  });

  it('fails with the read that failed, and reads again for those who asked during it', async () => {
    const shared = new Coalescer();
    const reads = new Reads();
    const first = shared.ask('key', reads.read);
    const second = shared.ask('key', reads.read);
    reads.fail(1);
    await expect(first).rejects.toThrow('read 1');
    await settle();
    reads.end(2);
    expect(await second).toBe(2);
  });

  it('answers those who wait behind a read that found something down, without asking again', async () => {
    const shared = new Coalescer();
    let reads = 0;
    const read = async (): Promise<never> => {
      reads++;
      await settle();
      throw new SnapkeepError('store_unavailable', 'down');
    };
    const asked = [shared.ask('key', read), shared.ask('key', read), shared.ask('key', read)];
    for (const one of await Promise.allSettled(asked)) expect(one.status).toBe('rejected');
    expect(reads).toBe(1);
    await expect(shared.ask('key', read)).rejects.toThrow('down');
    expect(reads).toBe(2);
  });

  it('keeps keys apart', () => {
    const shared = new Coalescer();
    const reads = new Reads();
    void shared.ask('a', reads.read);
    void shared.ask('b', reads.read);
    expect(reads.begun).toBe(2);
  });
});
