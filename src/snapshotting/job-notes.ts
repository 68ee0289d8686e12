/**
 * Notes of a running snapshot job: its plan, the open views, what was copied, the results of groups. Each is a JSON
 * object under the snapshot's prefix (FORMAT.md, "Keys"), because it can be larger than a workflow payload may be;
 * payloads carry its reference. The commit or the roll-back of the job deletes its notes.
 */
import { z } from 'zod';
import { type BlobCallOptions, type BlobStore } from '../blobs/contract/blob-store';
import { type CopiedShard, type ShardResult } from '../contracts/jobs/copy';
import { type ObjectRef } from '../contracts/stored';
import { type Segment } from '../repository/format/format';
import { jobNoteName, newAttempt } from '../repository/format/keys';
import { getMetadata, putMetadata } from '../repository/format/metadata';
import { NumberSet } from '../repository/segments/number-set';
import { type ShardInView } from './shard-in-view';

/** The lists that notes hold: the name of the note is also the name of its only field. */
interface Lists {
  results: ShardResult;
  segments: Segment;
  /** Shards whose sealed parts were copied. */
  copied: CopiedShard;
  /** Shards with the views that were opened for them. */
  views: ShardInView;
}

type ListName = keyof Lists;

const storedNumbersSchema = z.object({ bits: z.string() });

/** Writes which sequence numbers are stored. Returns the reference. Throws what the store throws. */
export function putNumbers(
  store: BlobStore,
  uuid: string,
  numbers: NumberSet,
  options: NoteOptions,
): Promise<ObjectRef> {
  return putNote(store, uuid, 'numbers', { bits: numbers.toText() }, options);
}

/** Reads what {@link putNumbers} wrote. Throws as {@link readLists} does. */
export async function readNumberSet(store: BlobStore, ref: ObjectRef, options: BlobCallOptions): Promise<NumberSet> {
  return new NumberSet((await getMetadata(store, ref, storedNumbersSchema, options)).bits);
}

/** Options of a call that writes a note. */
export type NoteOptions = BlobCallOptions & { compress: boolean };

/** Writes a note under a key that no other attempt writes. Returns its reference. Throws what the store throws. */
export function putNote(
  store: BlobStore,
  uuid: string,
  name: 'plan' | 'numbers' | ListName,
  content: object,
  options: NoteOptions,
): Promise<ObjectRef> {
  return putMetadata(store, jobNoteName(uuid, name, newAttempt()), content, options);
}

/** Writes a list as a note. Returns its reference. Throws what the store throws. */
export function putList<Name extends ListName>(
  store: BlobStore,
  uuid: string,
  name: Name,
  list: readonly Lists[Name][],
  options: NoteOptions,
): Promise<ObjectRef> {
  return putNote(store, uuid, name, { [name]: list }, options);
}

/**
 * Returns the lists of some notes as one list, in the order of the notes. Throws `blob_missing` once the job is over,
 * `repository_corrupt` when a note is damaged.
 */
export async function readLists<Name extends ListName>(
  store: BlobStore,
  name: Name,
  notes: readonly ObjectRef[],
  options: BlobCallOptions,
): Promise<Lists[Name][]> {
  const schema = z.object({ [name]: z.custom<Lists[Name][]>((value) => Array.isArray(value)) });
  const all: Lists[Name][] = [];
  for (const note of notes) {
    const content = (await getMetadata(store, note, schema, options)) as Record<Name, Lists[Name][]>;
    all.push(...content[name]);
  }
  return all;
}
