import { count, say } from './console';
import { bulkLines, deleteLine, type DemoDocument } from './documents';
import { type FrontDoor } from './front-door';
import { sendBulk } from './load';

/** Every hundredth document is changed. */
const EVERY = 100;

/**
 * Changes 1 % of the documents, spread over all shards: of five, three are updated (one of them twice), one is
 * deleted, and one is new.
 */
export async function changeOnePercent(door: FrontDoor, documents: readonly DemoDocument[]): Promise<void> {
  const chosen = documents.filter(({ index }, i) => index !== 'tricky' && i % EVERY === 0);
  const every = (from: number, to: number): DemoDocument[] => chosen.filter((_, i) => i % 5 >= from && i % 5 < to);
  const updated = every(0, 3).map((document) => ({
    ...document,
    source: withMember(document.source, '"visited":1.0'),
  }));
  const added = every(4, 5).map((document) => ({ ...document, id: `${document.id}-new` }));
  const deleted = every(3, 4);
  await sendBulk(door, updated, bulkLines);
  await sendBulk(door, every(0, 1), bulkLines);
  await sendBulk(door, added, bulkLines);
  await sendBulk(door, deleted, deleteLine);
  await door.call('POST', '/_refresh', undefined, { show: false });
  say(`  ${count(updated.length)} updated, ${count(deleted.length)} deleted, ${count(added.length)} added`);
}

/** The object with one more member at its end; nothing else changes. */
function withMember(source: Buffer, member: string): Buffer {
  const end = source.lastIndexOf('}');
  return Buffer.concat([source.subarray(0, end), Buffer.from(`,${member}}`)]);
}
