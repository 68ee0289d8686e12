import Table from 'cli-table3';
import { showBytes, showMs } from '../support/units';

/** One figure of a simulation or of a computation. */
export interface Figure {
  readonly what: string;
  readonly value: number;
  readonly unit: 'bytes' | 'ms' | 'count' | 'USD';
  /** The greatest value that works. */
  readonly most?: number;
  /** Requests to the store meanwhile, as OSS bills them. */
  readonly requests?: { readonly puts: number; readonly gets: number };
}

/** Prints figures, and whether those that have a limit keep it. */
export function figuresTable(title: string, figures: readonly Figure[]): string {
  const table = new Table({
    head: [title, '', 'PUT', 'GET', 'limit', ''],
    style: { head: [], border: [], compact: true },
    colAligns: ['left', 'right', 'right', 'right', 'right', 'left'],
  });
  for (const { what, value, unit, most, requests } of figures) {
    const [limit, kept] = most === undefined ? ['', ''] : [show(most, unit), value <= most ? 'yes' : 'NO'];
    table.push([what, show(value, unit), requests?.puts ?? '', requests?.gets ?? '', limit, kept]);
  }
  return table.toString();
}

const HOUR_MS = 3_600_000;

function show(value: number, unit: Figure['unit']): string {
  if (unit === 'ms') return value < HOUR_MS ? showMs(value) : `${(value / HOUR_MS).toFixed(1)} h`;
  if (unit === 'bytes') return showManyBytes(value);
  if (unit === 'USD') return `USD ${value.toLocaleString('en-US', { maximumFractionDigits: 2 })}`;
  return Math.round(value).toLocaleString('en-US');
}

function showManyBytes(bytes: number): string {
  if (bytes < 1e9) return showBytes(bytes);
  return bytes < 1e12 ? `${(bytes / 1e9).toFixed(1)} GB` : `${(bytes / 1e12).toFixed(1)} TB`;
}
