/**
 * Resolves date math in names as Elasticsearch does: `<nightly-{now/d}>`, `<logs-{now-1M{yyyy.MM|+02:00}}>`. A brace
 * after a backslash is literal.
 */
import { SnapkeepError } from '../contracts/errors';
import { zoneOffset } from './time-zone';

const DEFAULT_FORMAT = 'uuuu.MM.dd';

/**
 * Returns the name with its expressions replaced; `now` is in epoch milliseconds. A name without angle brackets is
 * returned unchanged. Throws `illegal_argument_exception` when an expression is invalid.
 */
export function resolveDateMath(name: string, now: number): string {
  if (!name.startsWith('<') || !name.endsWith('>') || name.length < 2) return name;
  const text = name.slice(1, -1);
  let resolved = '';
  for (let i = 0; i < text.length; i++) {
    const c = text[i];
    if (c === '\\' && i + 1 < text.length) resolved += text[++i];
    else if (c === '{') {
      const end = closingBrace(name, text, i);
      resolved += resolveExpression(name, text.slice(i + 1, end), now);
      i = end;
    } else if (c === '}') throw invalid(name, `invalid character at position [${i + 1}]`);
    else resolved += c;
  }
  if (resolved === '') throw invalid(name, 'nothing captured');
  return resolved;
}

function closingBrace(name: string, text: string, open: number): number {
  let depth = 0;
  for (let i = open; i < text.length; i++) {
    if (text[i] === '\\') i++;
    else if (text[i] === '{') depth++;
    else if (text[i] === '}' && --depth === 0) return i;
  }
  throw invalid(name, 'date math placeholder is open ended');
}

/** Evaluates `now-1d/d`, `now/d{yyyy.MM.dd}` or `now/d{yyyy.MM.dd|+12:00}`. */
function resolveExpression(name: string, expression: string, now: number): string {
  const brace = expression.indexOf('{');
  if (brace >= 0 && !expression.endsWith('}')) throw invalid(name, 'missing closing `}` for the date format');
  const math = brace < 0 ? expression : expression.slice(0, brace);
  const [format, zone = 'UTC'] = brace < 0 ? [DEFAULT_FORMAT] : splitFormat(expression.slice(brace + 1, -1));
  if (format === '') throw invalid(name, 'missing date format');
  // All arithmetic uses the wall clock of the zone, stored as if it were UTC.
  return print(name, format, calculate(name, math, now + offsetOf(name, zone, now)));
}

function splitFormat(text: string): [string, string?] {
  const bar = text.indexOf('|');
  return bar < 0 ? [text] : [text.slice(0, bar), text.slice(bar + 1)];
}

function calculate(name: string, math: string, now: number): Date {
  if (!math.startsWith('now')) throw invalid(name, `date math must start with [now], got [${math}]`);
  let date = new Date(now);
  let rest = math.slice(3);
  while (rest !== '') {
    const step = /^(?:\/([yMwdhHms])|([+-])(\d*)([yMwdhHms]))/.exec(rest);
    if (step === null) throw invalid(name, `operator not supported for date math [${rest}]`);
    date =
      step[1] !== undefined
        ? roundDown(date, step[1])
        : add(date, (step[2] === '-' ? -1 : 1) * (step[3] === '' ? 1 : Number(step[3])), step[4]!);
    rest = rest.slice(step[0].length);
  }
  if (Number.isNaN(date.getTime())) throw invalid(name, `[${math}] is out of range`);
  return date;
}

function add(date: Date, amount: number, unit: string): Date {
  if (unit === 'y' || unit === 'M') {
    const months = unit === 'y' ? amount * 12 : amount;
    const first = new Date(date);
    first.setUTCDate(1);
    first.setUTCMonth(first.getUTCMonth() + months);
    const days = new Date(Date.UTC(first.getUTCFullYear(), first.getUTCMonth() + 1, 0)).getUTCDate();
    first.setUTCDate(Math.min(date.getUTCDate(), days));
    return first;
  }
  return new Date(date.getTime() + amount * UNIT_MS[unit]!);
}

const DAY_MS = 86_400_000;
const WEEK_MS = 7 * DAY_MS;
const UNIT_MS: Readonly<Record<string, number>> = {
  w: WEEK_MS,
  d: DAY_MS,
  h: 3_600_000,
  H: 3_600_000,
  m: 60_000,
  s: 1000,
};

function roundDown(date: Date, unit: string): Date {
  const [year, month, day] = [date.getUTCFullYear(), date.getUTCMonth(), date.getUTCDate()];
  switch (unit) {
    case 'y':
      return new Date(Date.UTC(year, 0, 1));
    case 'M':
      return new Date(Date.UTC(year, month, 1));
    case 'w':
      // Weeks begin on Monday.
      return new Date(Date.UTC(year, month, day - ((date.getUTCDay() + 6) % 7)));
    default: {
      const unitMs = UNIT_MS[unit]!;
      return new Date(Math.floor(date.getTime() / unitMs) * unitMs);
    }
  }
}

function offsetOf(name: string, zone: string, at: number): number {
  try {
    return zoneOffset(zone, at);
  } catch {
    throw invalid(name, `unknown time zone [${zone}]`);
  }
}

/** Prints a date by the date letters of Java's DateTimeFormatter. Quoted text and other characters are literal. */
function print(name: string, format: string, date: Date): string {
  return format.replace(/'((?:[^']|'')*)'|([A-Za-z])\2*/g, (token: string, quoted: string | undefined) => {
    if (quoted !== undefined) return quoted === '' ? `'` : quoted.replaceAll(`''`, `'`);
    const letter = token.charAt(0);
    const field = fieldOf(letter, date);
    // Three or more letters of a month print its name, in the language of the node.
    if (field === undefined || ('ML'.includes(letter) && token.length > 2)) {
      throw invalid(name, `[${token}] in the date format is not supported`);
    }
    if (letter === 'S') return String(field).padStart(3, '0').padEnd(token.length, '0').slice(0, token.length);
    if ('uyY'.includes(letter) && token.length === 2) return String(field % 100).padStart(2, '0');
    return String(field).padStart(token.length, '0');
  });
}

function fieldOf(letter: string, date: Date): number | undefined {
  switch (letter) {
    case 'u':
    case 'y':
      return date.getUTCFullYear();
    case 'Y':
      return isoWeek(date).year;
    case 'w':
      return isoWeek(date).week;
    case 'M':
    case 'L':
      return date.getUTCMonth() + 1;
    case 'd':
      return date.getUTCDate();
    case 'D':
      return Math.floor((date.getTime() - Date.UTC(date.getUTCFullYear(), 0, 1)) / DAY_MS) + 1;
    case 'H':
      return date.getUTCHours();
    case 'm':
      return date.getUTCMinutes();
    case 's':
      return date.getUTCSeconds();
    case 'S':
      return date.getUTCMilliseconds();
    default:
      return undefined;
  }
}

function isoWeek(date: Date): { year: number; week: number } {
  const thursday = add(roundDown(date, 'w'), 3, 'd');
  const year = thursday.getUTCFullYear();
  return { year, week: Math.floor((thursday.getTime() - Date.UTC(year, 0, 1)) / WEEK_MS) + 1 };
}

function invalid(name: string, problem: string): SnapkeepError {
  return new SnapkeepError('illegal_argument_exception', `invalid date math name [${name}]: ${problem}`, {
    details: { name },
  });
}
