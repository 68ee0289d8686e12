import { compareWith, rawSource, readIndex } from './compare';
import { bold, bytes, count, dim, green, millis, say } from './console';
import { INDICES } from './load';
import { TRICKY } from './tricky';
import { type World } from './world';

/** Compares every index with those restored under each of `prefixes`. Throws with the first differences. */
export async function compareAll({ door }: World, prefixes: readonly string[]): Promise<void> {
  let documents = 0;
  let compared = 0;
  const start = Date.now();
  for (const index of INDICES) {
    const original = await readIndex(door, index);
    for (const prefix of prefixes) {
      const restored = `${prefix}${index}`;
      const { differences, ...equal } = await compareWith(door, original, restored);
      if (differences.length > 0) throw new Error(differ(index, restored, differences));
      say(
        `  ${index.padEnd(8)} = ${restored.padEnd(18)} ${count(equal.documents).padStart(8)} documents, ${bytes(equal.bytes)}`,
      );
      documents += equal.documents;
      compared += equal.bytes;
    }
  }
  const equal = `${count(documents)} documents, ${bytes(compared)}: every byte of _source, every _version and _routing the same`;
  say(`  ${green(bold(equal))} (${millis(Date.now() - start)})`);
}

function differ(index: string, restored: string, differences: readonly string[]): string {
  return `${restored} differs from ${index} in ${count(differences.length)} documents:\n  ${differences.slice(0, 5).join('\n  ')}`;
}

/** Shows the restored documents that tools easily change; throws if one of them is missing or differs. */
export async function checkTricky({ door }: World, prefix: string): Promise<void> {
  for (const { index, id, routing, source, about } of TRICKY) {
    const back = await rawSource(door, `${prefix}${index}`, id, routing);
    if (!back.equals(source)) throw new Error(`${id} (${about}): sent ${source}, restored ${back}`);
    say(`  ${about.padEnd(36)} ${dim(back.toString('utf8'))}`);
  }
}
