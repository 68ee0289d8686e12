import { type ByteString, fromBytes, percentEncode } from '../byte-string';
import { type BucketContext, OWNER } from '../context';
import { OssError } from '../oss-error';
import { ossTime } from '../oss-time';
import { type Reply, xmlReply } from '../reply';
import { type Bucket } from '../storage/bucket';
import { type ObjectMeta } from '../storage/object-file';
import { type XmlElement } from '../xml';

const MAX_KEYS = 1000;
const DEFAULT_KEYS = 100;

interface Page {
  readonly contents: readonly ObjectMeta[];
  readonly prefixes: readonly ByteString[];
  /** The last key or common prefix of the page; undefined if nothing comes after it. */
  readonly next: ByteString | undefined;
}

/** Answers ListObjects, and with `list-type=2` ListObjectsV2. */
export async function listObjects(context: BucketContext): Promise<Reply> {
  return context.request.query.get('list-type') === '2' ? listV2(context) : listV1(context);
}

async function listV1({ bucket, request }: BucketContext): Promise<Reply> {
  const { query } = request;
  const marker = query.get('marker') ?? '';
  const common = readCommon(query);
  const page = await collect(bucket, common.prefix, common.delimiter, marker, common.maxKeys);
  return xmlReply('ListBucketResult', {
    ...common.echo(bucket),
    Marker: common.name(marker),
    NextMarker: page.next === undefined ? undefined : common.name(page.next),
    IsTruncated: page.next !== undefined,
    ...content(page, common, true),
  });
}

async function listV2({ bucket, request }: BucketContext): Promise<Reply> {
  const { query } = request;
  // Empty is the same as not there: oss2 sends it so with the first page.
  const token = query.get('continuation-token') || undefined;
  const startAfter = query.get('start-after');
  const common = readCommon(query);
  const from = token === undefined ? (startAfter ?? '') : readToken(token);
  const page = await collect(bucket, common.prefix, common.delimiter, from, common.maxKeys);
  return xmlReply('ListBucketResult', {
    ...common.echo(bucket),
    StartAfter: startAfter === undefined ? undefined : common.name(startAfter),
    ContinuationToken: token,
    NextContinuationToken: page.next === undefined ? undefined : makeToken(page.next),
    KeyCount: page.contents.length + page.prefixes.length,
    IsTruncated: page.next !== undefined,
    ...content(page, common, query.get('fetch-owner') === 'true'),
  });
}

interface CommonQuery {
  readonly prefix: ByteString;
  readonly delimiter: ByteString;
  readonly maxKeys: number;
  /** A key as the answer shows it. */
  readonly name: (key: ByteString) => string;
  readonly echo: (bucket: Bucket) => XmlElement;
}

function readCommon(query: ReadonlyMap<ByteString, ByteString>): CommonQuery {
  const prefix = query.get('prefix') ?? '';
  const delimiter = query.get('delimiter') ?? '';
  const maxKeys = Number(query.get('max-keys') || DEFAULT_KEYS);
  if (!Number.isInteger(maxKeys) || maxKeys < 1 || maxKeys > MAX_KEYS) {
    throw new OssError('InvalidArgument', `Argument max-keys must be an integer between 1 and ${MAX_KEYS}.`);
  }
  const encoding = query.get('encoding-type') ?? '';
  if (encoding !== '' && encoding !== 'url') throw new OssError('InvalidArgument', 'Invalid Encoding Method.');
  const name = encoding === 'url' ? (key: ByteString) => percentEncode(key) : fromBytes;
  return {
    prefix,
    delimiter,
    maxKeys,
    name,
    echo: (bucket) => ({
      Name: bucket.name,
      Prefix: name(prefix),
      MaxKeys: maxKeys,
      Delimiter: name(delimiter),
      EncodingType: encoding === '' ? undefined : encoding,
    }),
  };
}

async function collect(
  bucket: Bucket,
  prefix: ByteString,
  delimiter: ByteString,
  from: ByteString,
  maxKeys: number,
): Promise<Page> {
  const found: (ByteString | { commonPrefix: ByteString })[] = [];
  let last: ByteString = from;
  let key = from < prefix ? bucket.firstKey(prefix, true) : skipFrom(bucket, prefix, delimiter, from);
  while (key !== undefined && key.startsWith(prefix) && found.length < maxKeys) {
    const common = commonPrefix(key, prefix, delimiter);
    found.push(common === undefined ? key : { commonPrefix: common });
    last = common ?? key;
    key = common === undefined ? bucket.firstKey(key, false) : bucket.firstKey(behind(common), true);
  }
  const more = key !== undefined && key.startsWith(prefix);
  const keys = found.filter((one): one is ByteString => typeof one === 'string');
  const metas = await Promise.all(keys.map((one) => bucket.meta(one)));
  return {
    // An object deleted while the page was made is left out.
    contents: metas.filter((meta): meta is ObjectMeta => meta !== undefined),
    prefixes: found.flatMap((one) => (typeof one === 'string' ? [] : [one.commonPrefix])),
    next: more ? last : undefined,
  };
}

/** The first key behind a marker; a marker that is a common prefix stands for all keys below it. */
function skipFrom(bucket: Bucket, prefix: ByteString, delimiter: ByteString, from: ByteString): ByteString | undefined {
  if (from === '') return bucket.firstKey('', true);
  if (commonPrefix(from, prefix, delimiter) === from) return bucket.firstKey(behind(from), true);
  return bucket.firstKey(from, false);
}

function commonPrefix(key: ByteString, prefix: ByteString, delimiter: ByteString): ByteString | undefined {
  if (delimiter === '' || !key.startsWith(prefix)) return undefined;
  const at = key.indexOf(delimiter, prefix.length);
  return at < 0 ? undefined : key.slice(0, at + delimiter.length);
}

/** Less than every key that does not start with `prefix` and comes after it. Bytes of UTF-8 are never 0xff. */
function behind(prefix: ByteString): ByteString {
  return `${prefix}\u00ff`;
}

function content(page: Page, common: CommonQuery, withOwner: boolean): XmlElement {
  return {
    Contents: page.contents.map((meta) => ({
      Key: common.name(Buffer.from(meta.key, 'utf8').toString('latin1')),
      LastModified: ossTime(meta.modified),
      ETag: `"${meta.etag}"`,
      Type: meta.type,
      Size: meta.size,
      StorageClass: meta.storageClass,
      Owner: withOwner ? OWNER : undefined,
    })),
    CommonPrefixes: page.prefixes.map((prefix) => ({ Prefix: common.name(prefix) })),
  };
}

function makeToken(last: ByteString): string {
  return Buffer.from(last, 'latin1').toString('base64');
}

function readToken(token: ByteString): ByteString {
  const bytes = Buffer.from(token, 'base64');
  if (bytes.length === 0 || bytes.toString('base64') !== token) {
    throw new OssError('InvalidArgument', 'The continuation token is invalid.');
  }
  return bytes.toString('latin1');
}
