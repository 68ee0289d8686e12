/**
 * Compresses frames: by zstd if it can be loaded, otherwise by gzip. All functions block the thread, so that large
 * frames belong into other threads.
 */
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import * as zlib from 'node:zlib';
import { SnapkeepError } from '../contracts/errors';

/** The compression of a segment. Every reader knows `gzip` and `plain`; `zstd` only where it can be loaded. */
export type Codec = 'zstd' | 'gzip' | 'plain';

interface Zstd {
  compress(bytes: Buffer): Buffer;
  /** Throws, or returns another number of bytes, if `bytes` do not hold exactly `length` bytes. */
  decompress(bytes: Buffer, length: number): Buffer;
}

/** The fast levels, because frames are written far more often than read and the network is slower than both codecs. */
const ZSTD_LEVEL = 1;
const GZIP_LEVEL = 1;

let zstd: Zstd | null | undefined;

/** Returns the codec for new frames; `plain` if `compress` is false. */
export function preferredCodec(compress = true): Codec {
  if (!compress) return 'plain';
  return loadZstd() === null ? 'gzip' : 'zstd';
}

/**
 * Compresses one frame. The frame decodes alone, and in a concatenation of frames by the codec's ordinary tool. Throws
 * `codec_unavailable` when this installation has no zstd.
 */
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
 * Returns the body of one frame; `rawLength` is its length in bytes and bounds the memory. Throws `repository_corrupt`
 * when the bytes do not decode to exactly that length, and `codec_unavailable` when this installation has no zstd.
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

/** A stream of the prebuilt binding. It keeps its context, so that frames can go through it one after another. */
interface NativeStream {
  data(bytes: Buffer, take: (chunk: Buffer) => void): void;
  end(take: (chunk: Buffer) => void): void;
}

/**
 * Loads the binding of @cloudpss/zstd and uses its streams, each of which has its own context. The one-shot functions
 * share one context between all threads of the process: two concurrent calls damage each other's memory.
 *
 * The binding is loaded without the package's entry, which is an ES module with top-level await. The binding itself
 * loads in every Node.js and in tests.
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
    // If a frame is cut short, the empty frame after it makes no sense, and the decoder fails.
    const empty = compressor.run(Buffer.alloc(0));
    return {
      compress: (bytes) => compressor.run(bytes),
      decompress: (bytes, length) => decompressor.runExactly([bytes, empty], length),
    };
  } catch {
    return undefined; // no binary for this platform; gzip is used
  }
}

/** A native stream that is kept from frame to frame. After a frame that failed it is replaced. */
class Lasting {
  private stream: NativeStream | undefined;

  constructor(private readonly make: () => NativeStream) {}

  /** Returns the output of the stream. */
  run(bytes: Buffer): Buffer {
    const stream = this.take();
    const chunks: Buffer[] = [];
    const keep = (chunk: Buffer): void => void chunks.push(chunk);
    stream.data(bytes, keep);
    stream.end(keep);
    this.stream = stream;
    return Buffer.concat(chunks);
  }

  /** Returns the output of the stream for some pieces. Throws if it does not have exactly `expected` bytes. */
  runExactly(pieces: readonly Buffer[], expected: number): Buffer {
    const stream = this.take();
    // Chunks are copied as they come: kept until the end, they would be as much memory again.
    const output = Buffer.allocUnsafeSlow(expected);
    let length = 0;
    const keep = (chunk: Buffer): void => {
      if (length < expected) chunk.copy(output, length);
      length += chunk.length;
    };
    for (const bytes of pieces) stream.data(bytes, keep);
    stream.end(keep);
    if (length !== expected) throw new Error(`${length} bytes`);
    this.stream = stream;
    return output;
  }

  private take(): NativeStream {
    const stream = this.stream ?? this.make();
    this.stream = undefined;
    return stream;
  }
}
