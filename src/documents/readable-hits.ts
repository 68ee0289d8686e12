import { SnapkeepError } from '../contracts/errors';
import { type HitTable, scanHits } from './scan-hits';
import { RawJsonError } from './scan-json';

/**
 * Returns the hits of a search response. Throws `cluster_unavailable` when the response is cut off. Throws
 * `document_unreadable`, with the `_id`, when a document is not JSON; a retry would return the same document.
 */
export function hitsOf(page: Buffer): HitTable {
  try {
    return scanHits(page);
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
