/** Compression of frames: zstd where it can be loaded, gzip everywhere. All functions block; large frames are for threads. */
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import * as zlib from 'node:zlib';
import { SnapkeepError } from '../contracts/errors';

/** How the bytes of a segment are compressed. Every reader knows `gzip` and `plain`; `zstd` where it can be loaded. */
export type Codec = 'zstd' | 'gzip' | 'plain';

interface Zstd {
  compress(bytes: Buffer): Buffer;
  /** Throws, or returns other than `length` bytes, unless there are just those. */
  decompress(bytes: Buffer, length: number): Buffer;
}

/** Fast levels: a frame is read far less often than it is written, and the network is slower than either. */
const ZSTD_LEVEL = 1;
const GZIP_LEVEL = 1;

let zstd: Zstd | null | undefined;

/** What new frames are compressed with. */
export function preferredCodec(compress = true): Codec {
  if (!compress) return 'plain';
  return loadZstd() === null ? 'gzip' : 'zstd';
}

/** One frame: decodes alone, and in a concatenation of frames with the codec's ordinary tool. */
export function compressFrame(codec: Codec, body: Buffer): Buffer {
  switch (codec) {
    case 'plain':
      return body;
    case 'gzip':
      return zlib.gzipSync(body, { level: GZIP_LEVEL });
    case 'zstd':
      return requireZstd().compress(body);
  }
}

/**
 * The body of one frame; `rawLength` is its length, and what bounds the memory. Throws `repository_corrupt` if the bytes
 * do not decode to exactly that, `codec_unavailable` if this installation has no zstd.
 */
export function decompressFrame(codec: Codec, bytes: Buffer, rawLength: number): Buffer {
  let body: Buffer;
  try {
    if (codec === 'plain') body = bytes;
    else if (codec === 'gzip') body = zlib.gunzipSync(bytes, { maxOutputLength: Math.max(rawLength, 1) });
    else body = requireZstd().decompress(bytes, rawLength);
  } catch (cause) {
    if (cause instanceof SnapkeepError) throw cause;
    throw new SnapkeepError('repository_corrupt', `a ${codec} frame of ${bytes.length} bytes does not decode`, {
      cause,
    });
  }
  if (body.length === rawLength) return body;
  throw new SnapkeepError('repository_corrupt', `a frame holds ${body.length} bytes, not the ${rawLength} it should`);
}

function requireZstd(): Zstd {
  const loaded = loadZstd();
  if (loaded !== null) return loaded;
  throw new SnapkeepError(
    'codec_unavailable',
    'the segment is compressed with zstd, which is neither in this Node.js (22.15 and later have it) nor installed (@cloudpss/zstd)',
  );
}

function loadZstd(): Zstd | null {
  if (zstd === undefined) zstd = builtIn() ?? prebuilt() ?? null;
  return zstd;
}

function builtIn(): Zstd | undefined {
  const { zstdCompressSync, zstdDecompressSync, constants } = zlib as unknown as {
    zstdCompressSync?: (bytes: Buffer, options: object) => Buffer;
    zstdDecompressSync?: (bytes: Buffer, options: object) => Buffer;
    constants: { readonly ZSTD_c_compressionLevel: number };
  };
  if (zstdCompressSync === undefined || zstdDecompressSync === undefined) return undefined;
  const params = { [constants.ZSTD_c_compressionLevel]: ZSTD_LEVEL };
  return {
    compress: (bytes) => zstdCompressSync(bytes, { params }),
    decompress: (bytes, length) => zstdDecompressSync(bytes, { maxOutputLength: Math.max(length, 1) }),
  };
}

/** A stream of the prebuilt binding; it keeps its context, so one frame after the other may go through it. */
interface NativeStream {
  data(bytes: Buffer, take: (chunk: Buffer) => void): void;
  end(take: (chunk: Buffer) => void): void;
}

/**
 * The binding of @cloudpss/zstd, through its streams. Its one-shot functions share one context between all threads of
 * the process: two calls at a time damage each other's memory. A stream has a context of its own.
 * (The package's own entry is an ES module with top-level await; the binding itself loads in every Node.js and in tests.)
 */
function prebuilt(): Zstd | undefined {
  try {
    const manifest = require.resolve('@cloudpss/zstd/package.json');
    const load = createRequire(manifest)('node-gyp-build') as (folder: string) => {
      Compressor: new (level: number) => NativeStream;
      Decompressor: new () => NativeStream;
    };
    const { Compressor, Decompressor } = load(dirname(manifest));
    const compressor = new Lasting(() => new Compressor(ZSTD_LEVEL));
    const decompressor = new Lasting(() => new Decompressor());
    // Behind a frame that is cut short, a whole frame makes no sense: the decoder then notices.
    const empty = compressor.run([Buffer.alloc(0)]);
    return {
      compress: (bytes) => compressor.run([bytes]),
      decompress: (bytes, length) => decompressor.run([bytes, empty], length),
    };
  } catch {
    return undefined; // no binary for this platform: gzip does
  }
}

/** A native stream that is kept from frame to frame, and replaced after one that did not come out as it should. */
class Lasting {
  private stream: NativeStream | undefined;

  constructor(private readonly make: () => NativeStream) {}

  /** What comes out, but no more than about `expected` bytes. */
  run(pieces: readonly Buffer[], expected?: number): Buffer {
    const stream = this.stream ?? this.make();
    this.stream = undefined;
    const chunks: Buffer[] = [];
    let length = 0;
    const take = (chunk: Buffer) => {
      if (expected === undefined || length <= expected) chunks.push(chunk);
      length += chunk.length;
    };
    for (const bytes of pieces) stream.data(bytes, take);
    stream.end(take);
    if (expected === undefined || length === expected) this.stream = stream;
    return Buffer.concat(chunks);
  }
}
