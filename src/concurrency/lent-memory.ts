/** What to do with each lent memory when it is given back. */
const lenders = new WeakMap<ArrayBufferLike, () => void>();
const lost = new FinalizationRegistry<() => void>((onLost) => onLost());

/**
 * Lends shared memory. Calls `onBack` when its user gives it back, and `onLost`, which must not refer to it, when it is
 * forgotten and collected instead.
 */
export function lend(memory: SharedArrayBuffer, onBack: () => void, onLost: () => void): void {
  lenders.set(memory, onBack);
  lost.register(memory, onLost, memory);
}

/** Gives the memory of `bytes` back if it is lent; nobody may use the bytes again. */
export function giveBack({ buffer }: Uint8Array): void {
  const onBack = lenders.get(buffer);
  if (onBack === undefined) return;
  lenders.delete(buffer);
  lost.unregister(buffer);
  onBack();
}
