import { inLanes } from '../../src/concurrency/lanes';

describe('inLanes', () => {
  it('works on every item, in order, never on more than the width at once', async () => {
    const begun: number[] = [];
    let running = 0;
    let most = 0;
    await inLanes([1, 2, 3, 4, 5], 2, async (item) => {
      begun.push(item);
      most = Math.max(most, ++running);
      await Promise.resolve();
      running--;
    });

    expect(begun).toEqual([1, 2, 3, 4, 5]);
    expect(most).toBe(2);
  });

  it('begins nothing after a failure, and throws the first one when what was begun has ended', async () => {
    const begun: number[] = [];
    let release = (): void => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    let ended = false;
    const all = inLanes([1, 2, 3, 4], 2, async (item) => {
      begun.push(item);
      if (item === 2) throw new Error('the second');
      await held;
      throw new Error('the first, later');
    }).finally(() => (ended = true));
    all.catch(() => undefined);
    await new Promise((resolve) => setImmediate(resolve));
    const endedEarly = ended;
    release();

    await expect(all).rejects.toThrow('the second');
    expect(endedEarly).toBe(false);
    expect(begun).toEqual([1, 2]);
  });

  it('does nothing for no items', async () => {
    await inLanes([], 3, () => Promise.reject(new Error('called')));
  });
});
