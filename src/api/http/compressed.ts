import { promisify } from 'node:util';
import { deflate, gzip } from 'node:zlib';

/** Bytes below which compressing gains nothing. */
const MIN_BYTES = 1_024;
/** As the engines: answers are made once, so the time counts more than the size. */
const LEVEL = 3;

const ENCODERS = { gzip: promisify(gzip), deflate: promisify(deflate) } as const;

interface Encoded {
  readonly body: Buffer;
  /** Unset: the body is as it was. */
  readonly encoding?: keyof typeof ENCODERS;
}

/** Compresses a body in a way that the header `Accept-Encoding` names; a small one is left as it is. */
export async function compressed(body: Buffer, accepted: string | undefined): Promise<Encoded> {
  const encoding = body.length < MIN_BYTES ? undefined : encodingIn(accepted ?? '');
  return encoding === undefined ? { body } : { body: await ENCODERS[encoding](body, { level: LEVEL }), encoding };
}

function encodingIn(accepted: string): keyof typeof ENCODERS | undefined {
  const names = accepted
    .toLowerCase()
    .split(',')
    .map((part) => part.trim())
    .filter((part) => !/;\s*q=0(\.0*)?$/.test(part))
    .map((part) => part.replace(/\s*;.*/, ''));
  return (['gzip', 'deflate'] as const).find((name) => names.includes(name) || names.includes('*'));
}
