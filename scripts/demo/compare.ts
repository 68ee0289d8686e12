/** Compares two indices document by document: `_source` byte for byte, `_version`, `_routing`. */
import { type FrontDoor } from './front-door';
import { arrayElements, objectMembers } from './raw-json';

const PAGE = 10_000;

interface Comparison {
  readonly documents: number;
  /** Bytes of `_source`. */
  readonly bytes: number;
  /** The differences, one line each; empty if the indices are equal. */
  readonly differences: readonly string[];
}

interface Stored {
  readonly source: Buffer;
  /** Raw `_version` and `_routing`. */
  readonly meta: string;
}

/** Documents of an index by raw `_id`. */
type IndexContent = ReadonlyMap<string, Stored>;

/** Compares `index` with the documents that were read of another one. */
export async function compareWith(door: FrontDoor, expected: IndexContent, index: string): Promise<Comparison> {
  const differences: string[] = [];
  let documents = 0;
  let bytes = 0;
  for await (const page of readPages(door, index)) {
    for (const [id, { source, meta }] of page) {
      const wanted = expected.get(id);
      if (wanted === undefined) differences.push(`${id} should not be there`);
      else if (!wanted.source.equals(source)) differences.push(`${id}: ${wanted.source} became ${source}`);
      else if (wanted.meta !== meta) differences.push(`${id}: ${wanted.meta} became ${meta}`);
      documents++;
      bytes += source.length;
    }
  }
  // A point in time shows each document once: if all are expected and the number is equal, none is missing.
  if (documents < expected.size) differences.push(`${expected.size - documents} documents are missing`);
  return { documents, bytes, differences };
}

/** Reads all documents of an index. */
export async function readIndex(door: FrontDoor, index: string): Promise<IndexContent> {
  const content = new Map<string, Stored>();
  for await (const page of readPages(door, index)) {
    for (const [id, document] of page) content.set(id, document);
  }
  return content;
}

/** Reads every document by raw `_id`, through a point in time; bytes are cut out of the answers, never parsed. */
async function* readPages(door: FrontDoor, index: string): AsyncGenerator<[string, Stored][]> {
  const quiet = { show: false };
  const pit = (await door.call('POST', `/${index}/_pit?keep_alive=2m`, undefined, quiet)).json as { id: string };
  try {
    let after: Buffer | undefined;
    do {
      const { body } = await door.call(
        'POST',
        '/_search',
        {
          size: PAGE,
          pit: { id: pit.id, keep_alive: '2m' },
          sort: ['_shard_doc'],
          version: true,
          track_total_hits: false,
          ...(after && { search_after: JSON.parse(after.toString('utf8')) as unknown }),
        },
        quiet,
      );
      after = undefined;
      const page: [string, Stored][] = [];
      // The first occurrence in the answer is the right one: nothing before it comes from a document.
      for (const hit of arrayElements(body, body.indexOf('"hits":[') + '"hits":'.length)) {
        const members = objectMembers(hit);
        const meta = `_version ${text(members, '_version')}, _routing ${text(members, '_routing')}`;
        page.push([text(members, '_id'), { source: members.get('_source')!, meta }]);
        after = members.get('sort');
      }
      yield page;
    } while (after !== undefined);
  } finally {
    await door.call('DELETE', '/_pit', { id: pit.id }, { show: false, expect: [200, 404] });
  }
}

function text(members: ReadonlyMap<string, Buffer>, name: string): string {
  return members.get(name)?.toString('utf8') ?? '-';
}

/** Returns the raw `_source` of one document from the answer to a GET. */
export async function rawSource(door: FrontDoor, index: string, id: string, routing?: string): Promise<Buffer> {
  const query = routing === undefined ? '' : `?routing=${encodeURIComponent(routing)}`;
  const path = `/${index}/_doc/${encodeURIComponent(id)}${query}`;
  const { body } = await door.call('GET', path, undefined, { show: false });
  return objectMembers(body).get('_source')!;
}
