import { type BlobStore } from '../../../src/blobs/contract/blob-store';

/** The store, each call of which waits for `before`, which is told what is called. */
export function beforeEachCall(store: BlobStore, before: (call: string) => Promise<unknown>): BlobStore {
  return new Proxy(store, {
    get(target, property, receiver) {
      const value: unknown = Reflect.get(target, property, receiver);
      if (typeof value !== 'function') return value;
      const method = value as (...args: unknown[]) => unknown;
      if (property === 'list') {
        return async function* (...args: unknown[]) {
          await before(property);
          yield* method.apply(target, args) as AsyncIterable<unknown>;
        };
      }
      return async (...args: unknown[]) => {
        await before(`${String(property)} ${String(args[0])}`);
        return method.apply(target, args);
      };
    },
  });
}
