import { OssError } from '../oss-error';

/** Bytes of an object, both ends included. */
interface ByteRange {
  readonly first: number;
  readonly last: number;
}

/**
 * Returns the range that a `Range` header asks for in an object of `size` bytes; undefined for the whole object.
 *
 * OSS answers a range that goes beyond the object with the whole object, unless `x-oss-range-behavior: standard` is
 * sent: then it is cut at the end, or refused if nothing is left.
 *
 * @throws InvalidRange, with `standard` only.
 */
export function readRange(header: string | undefined, size: number, standard: boolean): ByteRange | undefined {
  const found = /^bytes=(\d*)-(\d*)$/.exec(header ?? '');
  if (!found || (found[1] === '' && found[2] === '')) return undefined;
  const suffix = found[1] === '';
  const first = suffix ? Math.max(0, size - Number(found[2])) : Number(found[1]);
  const last = suffix || found[2] === '' ? size - 1 : Number(found[2]);
  if (last < first && !suffix && found[2] !== '') return undefined;
  if (first < size && last < size && first <= last) return { first, last };
  if (!standard) return undefined;
  if (first >= size) throw new OssError('InvalidRange');
  return { first, last: size - 1 };
}
