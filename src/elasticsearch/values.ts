import { SnapkeepError } from '../contracts/errors';

const FACTORS: Readonly<Record<string, number>> = {
  b: 1,
  k: 1024,
  kb: 1024,
  m: 1024 ** 2,
  mb: 1024 ** 2,
  g: 1024 ** 3,
  gb: 1024 ** 3,
  t: 1024 ** 4,
  tb: 1024 ** 4,
};

/**
 * A size as Elasticsearch writes it (`500mb`, `1gb`, `1024b`; any case; no unit means bytes), in bytes.
 * Throws `illegal_argument_exception` naming the setting.
 */
export function parseByteSize(setting: string, value: string): number {
  const match = /^\s*(\d+(?:\.\d+)?)\s*([a-z]*)\s*$/i.exec(value);
  const unit = match === null || match[2] === '' ? 'b' : match[2].toLowerCase();
  if (match === null || !Object.hasOwn(FACTORS, unit)) {
    throw new SnapkeepError(
      'illegal_argument_exception',
      `failed to parse setting [${setting}] with value [${value}] as a size in bytes: write it as [500mb] or [1gb]`,
      { details: { setting } },
    );
  }
  return Math.floor(Number(match[1]) * FACTORS[unit]);
}

/** `true` or `false` as Elasticsearch takes them, as JSON booleans or text. */
export function parseBoolean(setting: string, value: string): boolean {
  if (value === 'true') return true;
  if (value === 'false') return false;
  throw new SnapkeepError(
    'illegal_argument_exception',
    `Failed to parse value [${value}] of setting [${setting}] as only [true] or [false] are allowed.`,
    { details: { setting } },
  );
}
