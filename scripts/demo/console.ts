/** Prints the output of the demo: coloured on a terminal, plain lines elsewhere. */

const COLOURS = process.stdout.isTTY && !process.env.NO_COLOR;
const paint =
  (code: number) =>
  (text: string): string =>
    COLOURS ? `\x1b[${code}m${text}\x1b[0m` : text;

export const bold = paint(1);
export const dim = paint(2);
export const green = paint(32);
export const red = paint(31);

export const say = (text = ''): void => console.log(text);

/** Prints a request as a user would type it. */
export function curlLine(method: string, url: string, body?: string): string {
  const verb = method === 'GET' ? '' : `-X ${method} `;
  const data = body === undefined ? '' : ` -H 'content-type: application/json' -d ${shellQuote(body)}`;
  return `curl ${verb}${shellQuote(url)}${data}`;
}

function shellQuote(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}

const UNITS = ['B', 'kB', 'MB', 'GB'];

/** Prints bytes in decimal units: `96 B`, `4.1 MB`. */
export function bytes(count: number): string {
  let unit = 0;
  let value = count;
  while (value >= 999.5 && unit < UNITS.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${unit === 0 || value >= 99.5 ? Math.round(value) : value.toFixed(1)} ${UNITS[unit]}`;
}

/** Prints a time: `32 ms`, `1.28 s`, `41 s`. */
export function millis(ms: number): string {
  if (ms < 999.5) return `${Math.round(ms)} ms`;
  return ms < 9_995 ? `${(ms / 1000).toFixed(2)} s` : `${(ms / 1000).toFixed(1)} s`;
}

export const count = (number: number): string => number.toLocaleString('en-US');

/** Returns `part` of `whole` in whole percent, at most 100; 0 if `whole` is 0. */
export const percent = (part: number, whole: number): number =>
  whole <= 0 ? 0 : Math.min(100, Math.floor((100 * part) / whole));
