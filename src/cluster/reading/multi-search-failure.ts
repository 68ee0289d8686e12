import { findValue, RawJsonError, skipBlank, skipValue, textOf } from '../../documents/scan-json';
import { responseFailure } from '../http/cluster-failures';

/** The beginnings of a failed item of a multi-search. Documents hold them rarely. */
const FAILED_ITEMS = [Buffer.from('[{"error":'), Buffer.from(',{"error":')];
const COMMA = 0x2c;
const OPEN_ARRAY = 0x5b;

/**
 * Throws the failure of the first search of a multi-search that failed. The response is walked only if it holds text
 * like a failure: walking megabytes would keep the process from everything else.
 */
export function requireNoFailure(body: Buffer): void {
  if (!FAILED_ITEMS.some((text) => body.includes(text))) return;
  try {
    eachResponse(body, (start, end) => {
      const error = findValue(body, ['error'], start);
      if (error === undefined) return;
      const status = findValue(body, ['status'], start);
      throw responseFailure(
        'a search in POST /_msearch',
        status === undefined ? 500 : Number(textOf(body, status)),
        body.subarray(start, end),
      );
    });
  } catch (error) {
    // Bytes that are not JSON are reported by who slices them.
    if (!(error instanceof RawJsonError)) throw error;
  }
}

function eachResponse(body: Buffer, visit: (start: number, end: number) => void): void {
  const list = findValue(body, ['responses']);
  if (list === undefined || body[list.start] !== OPEN_ARRAY) return;
  for (let i = skipBlank(body, list.start + 1); i < list.end - 1;) {
    const end = skipValue(body, i);
    visit(i, end);
    i = skipBlank(body, end);
    if (body[i] === COMMA) i = skipBlank(body, i + 1);
  }
}
