import { type TimeSpan } from '../../contracts/stored';
import { type SnapshotManifest } from './format';

/**
 * Returns the span in which all shards of a snapshot showed their documents: no two shards differ by more. Returns
 * undefined if a shard does not say when it was seen, or if there is none.
 */
export function momentOf({ indices }: Pick<SnapshotManifest, 'indices'>): TimeSpan | undefined {
  let moment: TimeSpan | undefined;
  for (const entry of indices.flatMap((index) => index.shards)) {
    if (entry === null) continue;
    if (entry.shown === undefined) return undefined;
    const { fromMillis, toMillis } = entry.shown;
    moment = {
      fromMillis: Math.min(fromMillis, moment?.fromMillis ?? fromMillis),
      toMillis: Math.max(toMillis, moment?.toMillis ?? toMillis),
    };
  }
  return moment;
}
