/** Sets of characters, as Java's regular expressions name them and as RE2 spells them. */

const LAST = 0x10ffff;
const LOWER = 'a-z';
const UPPER = 'A-Z';

/** Java's POSIX classes, which hold ASCII only. The format is that of {@link CodePoints.ranges}. */
const POSIX: Readonly<Record<string, string>> = {
  Lower: LOWER,
  Upper: UPPER,
  ASCII: '\0-\x7f',
  Alpha: LOWER + UPPER,
  Digit: '0-9',
  Alnum: `0-9${LOWER}${UPPER}`,
  Punct: '!-/:-@[-`{-~',
  Graph: '!-~',
  Print: ' -~',
  Blank: '\t\t  ',
  Cntrl: '\0-\x1f\x7f\x7f',
  XDigit: '0-9a-fA-F',
  Space: '\t-\r  ',
};
const BINARY = ['Alphabetic', 'Ideographic', 'Lowercase', 'Uppercase', 'White_Space', 'Join_Control'];
/** Under `(?i)`, each of these properties matches what any property of its list matches. */
const CASED: Readonly<Record<string, readonly string[]>> = {
  Lower: ['Lower', 'Upper'],
  Upper: ['Lower', 'Upper'],
  Ll: ['Ll', 'Lu', 'Lt'],
  Lu: ['Ll', 'Lu', 'Lt'],
  Lt: ['Ll', 'Lu', 'Lt'],
  IsLowercase: ['IsLowercase', 'IsUppercase'],
  IsUppercase: ['IsLowercase', 'IsUppercase'],
};

type Range = readonly [first: number, last: number];

/** An immutable set of code points, stored as ascending ranges that do not touch. */
export class CodePoints {
  private static readonly properties = new Map<string, CodePoints>();

  private constructor(private readonly list: readonly Range[]) {}

  /** Builds the set of all code points in the ranges, which may overlap and have any order. */
  static of(ranges: readonly Range[]): CodePoints {
    const sorted = [...ranges].sort((a, b) => a[0] - b[0]);
    const list: [number, number][] = [];
    for (const [first, last] of sorted) {
      const previous = list.at(-1);
      if (previous !== undefined && first <= previous[1] + 1) previous[1] = Math.max(previous[1], last);
      else list.push([first, last]);
    }
    return new CodePoints(list);
  }

  /** Parses pairs of characters, with or without a hyphen between them: `a-z__` is a to z and the underscore. */
  static ranges(text: string): CodePoints {
    return CodePoints.of(
      [...text.matchAll(/([\s\S])-?([\s\S])/g)].map(([, first, last]) => [first!.charCodeAt(0), last!.charCodeAt(0)]),
    );
  }

  /** Returns the characters that Java means by `\p{name}`; undefined for an unknown name. */
  static property(name: string, ignoreCase: boolean): CodePoints | undefined {
    const names = (ignoreCase ? CASED[name] : undefined) ?? [name];
    let all: CodePoints | undefined;
    for (const one of names) {
      const set = CodePoints.named(one);
      if (set === undefined) return undefined;
      all = all?.union(set) ?? set;
    }
    return all;
  }

  union(other: CodePoints): CodePoints {
    return CodePoints.of([...this.list, ...other.list]);
  }

  intersect(other: CodePoints): CodePoints {
    return this.complement().union(other.complement()).complement();
  }

  complement(): CodePoints {
    const list: Range[] = [];
    let next = 0;
    for (const [first, last] of this.list) {
      if (first > next) list.push([next, first - 1]);
      next = last + 1;
    }
    if (next <= LAST) list.push([next, LAST]);
    return new CodePoints(list);
  }

  /** Returns the set extended by the other case of each of its ASCII letters. */
  withAsciiCases(): CodePoints {
    const shifted = (from: number, to: number, by: number): Range[] =>
      this.list
        .map(([first, last]): Range => [Math.max(first, from) + by, Math.min(last, to) + by])
        .filter(([first, last]) => first <= last);
    return CodePoints.of([...this.list, ...shifted(65, 90, 32), ...shifted(97, 122, -32)]);
  }

  /** Prints the set as a character class of RE2. */
  print(): string {
    const [one, more] = this.list;
    if (one !== undefined && more === undefined && one[0] === one[1]) return hex(one[0]);
    if (this.list.length === 0) return `[^${hex(0)}-${hex(LAST)}]`;
    return `[${this.list.map(([first, last]) => (first === last ? hex(first) : `${hex(first)}-${hex(last)}`)).join('')}]`;
  }

  private static named(name: string): CodePoints | undefined {
    if (Object.hasOwn(POSIX, name)) return CodePoints.ranges(POSIX[name]!);
    const known = CodePoints.properties.get(name);
    if (known !== undefined) return known;
    const unicode = unicodeName(name);
    if (unicode === undefined) return undefined;
    let expression: RegExp;
    try {
      expression = new RegExp(`\\p{${unicode}}`, 'u');
    } catch {
      return undefined;
    }
    const list: [number, number][] = [];
    for (let point = 0; point <= LAST; point++) {
      if (!expression.test(String.fromCodePoint(point))) continue;
      const previous = list.at(-1);
      if (previous !== undefined && previous[1] === point - 1) previous[1] = point;
      else list.push([point, point]);
    }
    const set = new CodePoints(list);
    CodePoints.properties.set(name, set);
    return set;
  }
}

/** Returns the property in JavaScript's spelling; undefined for a property that only Java has. */
function unicodeName(name: string): string | undefined {
  const [, key, value] = /^(?:(\w+)=)?(\w+)$/.exec(name) ?? [];
  if (value === undefined) return undefined;
  if (key !== undefined) {
    if (/^(sc|script)$/i.test(key)) return `Script=${value}`;
    return /^(gc|general_category)$/i.test(key) ? `gc=${value}` : undefined;
  }
  if (/^(Is)?[LMNPSZC][a-zA-Z]?$/.test(value)) return `gc=${value.replace(/^Is/, '')}`;
  if (!value.startsWith('Is')) return undefined;
  const bare = value.slice(2);
  return BINARY.includes(bare) ? bare : `Script=${bare}`;
}

function hex(point: number): string {
  return `\\x{${point.toString(16)}}`;
}
