import { openCluster } from '../../src/cluster/cluster';
import { MAX_SEQ_NO } from '../../src/contracts/seq-no';
import { scanHits } from '../../src/documents/scan-hits';

/** One document as the cluster has it: everything that has to survive. */
export interface StoredDocument {
  readonly source: string;
  readonly routing: string;
  /** Digits. */
  readonly version: string;
}

/** Sources that a JSON parser in between would change. */
export const HOSTILE_SOURCES: readonly string[] = [
  '{"key":"int64","n":9223372036854775807,"m":-9223372036854775808,"u":9007199254740993}',
  '{"key":"float","n":1.0,"m":1.50,"e":1e3,"z":-0.0}',
  '{"z":1,"key":"order","a":2,"m":3}',
  '{"key":"escaped \\u4e2d\\u6587 \\ud83d\\ude00 \\" \\\\ \\/ \\b","v":"raw 中文 😀 é"}',
  '{ "key" : "spaces" ,  "v" :\t[ 1 , 2 ]  }',
  '{"key":"nothing inside","v":{},"w":[],"x":"","y":null}',
  '{"key":"looks like a hit","v":"},\\"sort\\":[1]}]}}","hits":{"hits":[{"_source":{"a":1}}]},"sort":[7]}',
];

/** Every document of an index by `_id`, read through one view, with the raw bytes of `_source`. */
export async function documentsOf(url: string, index: string): Promise<Map<string, StoredDocument>> {
  const cluster = openCluster({ url });
  try {
    await cluster.refresh([index]);
    const [metadata] = await cluster.resolveIndices([index], { ignoreUnavailable: false });
    const found = new Map<string, StoredDocument>();
    for (let shard = 0; shard < metadata.numberOfShards; shard++) {
      const target = { index, shard, bytesPerDocument: 500, primaryOnly: false };
      const view = await cluster.reader.openView(target, { known: [], read: [{ from: 0, to: MAX_SEQ_NO }] });
      for await (const { body: page } of view.documents(0)) {
        const hits = scanHits(page);
        for (let i = 0; i < hits.count; i++) {
          const text = (start: number, end: number): string => (start < 0 ? '' : page.toString('utf8', start, end));
          found.set(JSON.parse(text(hits.idStart[i], hits.idEnd[i])) as string, {
            source: text(hits.sourceStart[i], hits.sourceEnd[i]),
            routing: text(hits.routingStart[i], hits.routingEnd[i]),
            version: text(hits.versionStart[i], hits.versionEnd[i]),
          });
        }
      }
      await view.close();
    }
    return found;
  } finally {
    await cluster.close();
  }
}
