import { type Quantity } from './results';

/** Prints a time: `152 ms`, `2.41 s`. */
export function showMs(ms: number): string {
  if (!Number.isFinite(ms)) return '–';
  return ms < 1_000 ? `${ms.toFixed(0)} ms` : `${(ms / 1_000).toFixed(2)} s`;
}

/** Prints processor seconds: `2.4 s`. */
export function showSeconds(seconds: number): string {
  return Number.isFinite(seconds) ? `${seconds.toFixed(seconds < 10 ? 2 : 1)} s` : '–';
}

/** Prints bytes in powers of ten: `12.3 kB`, `103.4 MB`. */
export function showBytes(bytes: number): string {
  if (!Number.isFinite(bytes)) return '–';
  if (bytes < 1_000) return `${bytes.toFixed(0)} B`;
  return bytes < 1e6 ? `${(bytes / 1e3).toFixed(1)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
}

/** Prints a ratio with two digits. */
export function showRatio(ratio: number): string {
  return Number.isFinite(ratio) ? ratio.toFixed(2) : '–';
}

/** Prints each quantity in its unit. */
export const SHOW: Readonly<Record<Quantity, (value: number) => string>> = {
  ms: showMs,
  bytes: showBytes,
  dataBytes: showBytes,
  workerSeconds: showSeconds,
  engineSeconds: showSeconds,
  spreadMs: showMs,
  statedSpreadMs: showMs,
};
