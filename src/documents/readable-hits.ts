import { SnapkeepError } from '../contracts/errors';
import { type HitTable, scanHits } from './scan-hits';
import { RawJsonError } from './scan-json';

/**
 * The hits of a search response. Throws `cluster_unavailable` if the response broke off, and `document_unreadable`, with
 * the `_id`, if a document is not JSON: it is the same whenever it is asked for.
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
    `document [${cause.document}] can't be read: its [_source] is no JSON that could be restored (${cause.message}); index it again, or delete it`,
    { details: { id: cause.document }, cause },
  );
}
