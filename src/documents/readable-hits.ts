import { SnapkeepError } from '../contracts/errors';
import { type OrderedHits } from './page';
import { type HitTable, scanHits, scanOrderedHits } from './scan-hits';
import { RawJsonError } from './scan-json';
import { wantedHits } from './wanted-hits';

/**
 * Returns the hits of a search response. Throws `cluster_unavailable` when the response is cut off. Throws
 * `document_unreadable`, with the `_id`, when a document is not JSON; a retry would return the same document.
 */
export function hitsOf(page: Buffer): HitTable {
  return readable(page, () => scanHits(page));
}

/**
 * Returns the wanted hits of a page in document order, ascending by `_seq_no`. Throws as {@link hitsOf}, and
 * `view_lost` when a response has fewer hits than the view must have.
 */
export function orderedHitsOf(page: Buffer, ordered: OrderedHits): HitTable {
  const { asked, multi } = ordered;
  const { hits, counts } = readable(page, () => scanOrderedHits(page, asked, multi));
  if (counts.length !== asked.length || counts.some((count, k) => asked[k] !== 0 && count !== asked[k])) {
    throw new SnapkeepError(
      'view_lost',
      `a view was asked for [${asked.join()}] documents and returned [${counts.join()}]`,
    );
  }
  return wantedHits(hits, ordered);
}

function readable<T>(page: Buffer, scan: () => T): T {
  try {
    return scan();
  } catch (cause) {
    if (!(cause instanceof RawJsonError)) throw cause;
    throw unreadable(page, cause);
  }
}

function unreadable(page: Buffer, cause: RawJsonError): SnapkeepError {
  if (cause.offset >= page.length || cause.document === undefined) {
    return new SnapkeepError('cluster_unavailable', `a search response can't be read: ${cause.message}`, { cause });
  }
  return new SnapkeepError(
    'document_unreadable',
    `document [${cause.document}] can't be read: its [_source] is not JSON that can be restored (${cause.message}); index it again, or delete it`,
    { details: { id: cause.document }, cause },
  );
}
