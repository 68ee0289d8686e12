/**
 * Translates Java's regular expressions for RE2, which matches in linear time. A pattern is parsed and printed again,
 * because the two syntaxes differ: class unions and intersections, `\p{Alpha}`, `(?i)` for ASCII only. Constructs that
 * RE2 cannot match in linear time are refused by name: lookaround, back-references, possessive quantifiers.
 */
import { SnapkeepError } from '../contracts/errors';
import { CodePoints } from './code-points';

/** A translated pattern. */
export interface JavaPattern {
  /** The pattern in RE2's syntax; it needs no flags. */
  readonly source: string;
  /** Number of capturing groups without the whole match. */
  readonly groupCount: number;
  /** The number that each named group has. */
  readonly groupNames: ReadonlyMap<string, number>;
}

/** Longest accepted pattern, in UTF-16 units; it bounds the cost of compiling. */
const MAX_LENGTH = 1_000;
/** RE2's own limit for a counted repetition. */
const MAX_REPEAT = 1_000;

/**
 * Translates a Java pattern. The result has Java's meaning for texts without line terminators. Throws
 * `pattern_syntax_exception` when Java refuses the pattern too, and `illegal_argument_exception` when only RE2 does.
 */
export function translateJavaPattern(pattern: string): JavaPattern {
  if (pattern.length > MAX_LENGTH) {
    throw new SnapkeepError(
      'illegal_argument_exception',
      `pattern [${pattern.slice(0, 40)}…] is longer than ${MAX_LENGTH} characters`,
    );
  }
  return new Translator(pattern).translate();
}

const DIGITS = CodePoints.ranges('0-9');
const WORD = CodePoints.ranges('a-zA-Z0-9__');
const SPACES = CodePoints.ranges('\t-\r  ');
const HORIZONTAL = CodePoints.ranges(
  '\t\t  \xa0\xa0\u1680\u1680\u180e\u180e\u2000-\u200a\u202f\u202f\u205f\u205f\u3000\u3000',
);
const VERTICAL = CodePoints.ranges('\n-\r\x85\x85\u2028-\u2029');
const SETS: Readonly<Record<string, CodePoints>> = {
  d: DIGITS,
  D: DIGITS.complement(),
  w: WORD,
  W: WORD.complement(),
  s: SPACES,
  S: SPACES.complement(),
  h: HORIZONTAL,
  H: HORIZONTAL.complement(),
  v: VERTICAL,
  V: VERTICAL.complement(),
};
const CONTROLS: Readonly<Record<string, number>> = { t: 9, n: 10, r: 13, f: 12, a: 7, e: 27 };
const ANY = CodePoints.of([]).complement();
const LOOKAROUND = ['?=', '?!', '?<=', '?<!'];

/** One translated part of a pattern. */
interface Piece {
  readonly source: string;
  /** True if the part can match the empty text. */
  readonly canBeEmpty: boolean;
}

class Translator {
  private readonly points: string[];
  private at = 0;
  private groups = 0;
  private readonly names = new Map<string, number>();
  private ignoreCase = false;

  constructor(private readonly pattern: string) {
    this.points = [...withoutQuotes(pattern)];
  }

  translate(): JavaPattern {
    const { source } = this.alternatives();
    if (this.at < this.points.length) throw this.wrong('unmatched closing [)]');
    return { source, groupCount: this.groups, groupNames: this.names };
  }

  private alternatives(): Piece {
    const piece = { source: '', canBeEmpty: false };
    let branchCanBeEmpty = true;
    for (;;) {
      const c = this.peek();
      if (c === undefined || c === ')' || c === '|') {
        piece.canBeEmpty ||= branchCanBeEmpty;
        if (c !== '|') return piece;
        this.at++;
        piece.source += '|';
        branchCanBeEmpty = true;
      } else {
        const { source, canBeEmpty } = this.repeated();
        piece.source += source;
        branchCanBeEmpty &&= canBeEmpty;
      }
    }
  }

  private repeated(): Piece {
    if (this.inlineFlags()) return { source: '', canBeEmpty: true };
    const atom = this.atom();
    const quantifier = this.quantifier();
    if (quantifier === '') return atom;
    if (atom.canBeEmpty && !quantifier.startsWith('?')) {
      // Java and RE2 differ in what the groups hold afterwards.
      throw this.unsupported(`a repetition [${quantifier}] of what may match nothing`);
    }
    return {
      source: `(?:${atom.source})${quantifier}`,
      canBeEmpty: atom.canBeEmpty || /^(?:[*?]|\{0)/.test(quantifier),
    };
  }

  private quantifier(): string {
    let quantifier = this.peek();
    if (quantifier === '*' || quantifier === '+' || quantifier === '?') this.at++;
    else if (quantifier === '{') {
      const counted = /^\{(\d+)(,(\d*))?\}/.exec(this.points.slice(this.at, this.at + 30).join(''));
      if (counted === null) throw this.wrong('illegal repetition');
      const [all, least, , most] = counted;
      if (Number(least) > MAX_REPEAT || Number(most ?? 0) > MAX_REPEAT) {
        throw this.unsupported(`[${all}]: a repetition counts to ${MAX_REPEAT} at most`);
      }
      if (most !== undefined && most !== '' && Number(most) < Number(least))
        throw this.wrong('illegal repetition range');
      this.at += all.length;
      quantifier = all;
    } else return '';
    if (this.peek() === '+') throw this.unsupported(`a possessive quantifier [${quantifier}+]`);
    if (this.peek() === '?') {
      this.at++;
      quantifier += '?';
    }
    if (this.peek() === '{') throw this.unsupported('a repetition of a repetition; put the inner one in a group');
    return quantifier;
  }

  private atom(): Piece {
    const c = this.points[this.at++]!;
    switch (c) {
      case '(':
        return this.group();
      case '[':
        return character(this.characterClass());
      case '.':
        return character(ANY);
      case '^':
        return assertion('A');
      case '$':
        return assertion('z');
      case '\\':
        return this.escape();
      case '*':
      case '+':
      case '?':
        throw this.wrong(`dangling meta character [${c}]`);
      case '{':
        throw this.wrong('illegal repetition');
      default:
        return character(this.literal(c.codePointAt(0) as number));
    }
  }

  private group(): Piece {
    const ahead = this.points.slice(this.at, this.at + 3).join('');
    const lookaround = LOOKAROUND.find((start) => ahead.startsWith(start));
    if (lookaround !== undefined) throw this.unsupported(`a lookaround [(${lookaround}]`);
    if (ahead.startsWith('?>')) throw this.unsupported('an atomic group [(?>]');
    let open: string;
    const before = this.ignoreCase;
    if (ahead.startsWith('?<')) {
      const name = /^\?<([A-Za-z][A-Za-z0-9]*)>/.exec(this.rest())?.[1];
      if (name === undefined) throw this.wrong('named capturing group is missing its name or the trailing [>]');
      if (this.names.has(name)) throw this.wrong(`named capturing group [${name}] is already defined`);
      this.names.set(name, ++this.groups);
      this.at += name.length + 3;
      open = '(';
    } else if (ahead.startsWith('?')) {
      const flags = /^\?([a-zA-Z]*)(?:-([a-zA-Z]*))?:/.exec(this.rest());
      if (flags === null) throw this.wrong('unknown inline modifier or group');
      this.setFlags(flags[1] ?? '', flags[2] ?? '');
      this.at += flags[0].length;
      open = '(?:';
    } else {
      this.groups++;
      open = '(';
    }
    const inner = this.alternatives();
    if (this.peek() !== ')') throw this.wrong('unclosed group');
    this.at++;
    this.ignoreCase = before;
    return { ...inner, source: `${open}${inner.source})` };
  }

  /** Consumes `(?i)` or `(?-i)`, which hold to the end of the enclosing group. Returns whether there were any flags. */
  private inlineFlags(): boolean {
    const flags = this.peek() === '(' ? /^\(\?([a-zA-Z]*)(?:-([a-zA-Z]*))?\)/.exec(this.rest()) : null;
    if (flags === null) return false;
    this.setFlags(flags[1] ?? '', flags[2] ?? '');
    this.at += flags[0].length;
    const next = this.peek();
    if (next === '*' || next === '+' || next === '?') throw this.wrong(`dangling meta character [${next}]`);
    return true;
  }

  private setFlags(on: string, off: string): void {
    for (const flag of on + off) {
      if ('xuU'.includes(flag)) throw this.unsupported(`the inline flag [(?${flag})]`);
      // For texts without line terminators, [m], [s] and [d] change nothing.
      if (!'imsd'.includes(flag)) throw this.wrong(`unknown inline modifier [${flag}]`);
    }
    if (on.includes('i')) this.ignoreCase = true;
    if (off.includes('i')) this.ignoreCase = false;
  }

  private escape(): Piece {
    const c = this.peek();
    if (c === undefined) throw this.wrong('unexpected internal error: a backslash at the end');
    switch (c) {
      case 'A':
      case 'z':
      case 'b':
      case 'B':
        this.at++;
        if (c === 'b' && this.peek() === '{') throw this.unsupported('the boundary [\\b{g}]');
        return assertion(c);
      case 'Z':
        this.at++;
        return assertion('z');
      case 'R':
        this.at++;
        return character(VERTICAL);
      case 'G':
      case 'X':
        throw this.unsupported(`[\\${c}]`);
      case 'k':
        throw this.unsupported('a back-reference [\\k]');
    }
    if (/[1-9]/.test(c)) throw this.unsupported(`a back-reference [\\${c}]`);
    return character(this.escapedSet());
  }

  /** Parses an escape that stands for characters. The cursor is after the backslash. */
  private escapedSet(): CodePoints {
    const c = this.points[this.at++]!;
    const set = SETS[c];
    if (set !== undefined) return set;
    if (c === 'p' || c === 'P') return this.property(c === 'P');
    const point = this.escapedPoint(c);
    return this.literal(point);
  }

  private escapedPoint(c: string): number {
    const control = CONTROLS[c];
    if (control !== undefined) return control;
    const take = (form: RegExp): string => {
      const text = form.exec(this.rest())?.[0];
      if (text === undefined) throw this.wrong(`illegal escape sequence [\\${c}]`);
      this.at += text.length;
      return text;
    };
    if (c === '0') return parseInt(take(/^(?:[0-3][0-7]{2}|[0-7]{1,2})/), 8);
    if (c === 'x') {
      const point = parseInt(take(/^(?:[0-9a-fA-F]{2}|\{[0-9a-fA-F]{1,8}\})/).replace(/[{}]/g, ''), 16);
      if (point > 0x10ffff) throw this.wrong('hexadecimal codepoint is too big');
      return point;
    }
    if (c === 'u') {
      const high = parseInt(take(/^[0-9a-fA-F]{4}/), 16);
      const low = /^\\u([dD][c-fC-F][0-9a-fA-F]{2})/.exec(this.rest())?.[1];
      if (high < 0xd800 || high > 0xdbff || low === undefined) return high;
      this.at += 6;
      return 0x10000 + ((high - 0xd800) << 10) + (parseInt(low, 16) - 0xdc00);
    }
    if (c === 'c') return (take(/^[\s\S]/u).codePointAt(0) as number) ^ 64;
    if (/[A-Za-z]/.test(c)) throw this.wrong(`illegal or unsupported escape sequence [\\${c}]`);
    return c.codePointAt(0) as number;
  }

  private property(negated: boolean): CodePoints {
    const braced = /^\{([^}]*)\}/.exec(this.rest());
    const name = braced?.[1] ?? this.peek();
    if (name === undefined || name === '{') throw this.wrong('unclosed character family');
    this.at += braced === null ? 1 : [...braced[0]].length;
    const set = CodePoints.property(name, this.ignoreCase);
    if (set === undefined) throw this.unsupported(`the character property [\\p{${name}}]`);
    return negated ? set.complement() : set;
  }

  /**
   * Parses a class by Java's grammar: unions of characters, ranges and classes, intersected by `&&`. The cursor is
   * after `[`.
   */
  private characterClass(): CodePoints {
    const negated = this.peek() === '^';
    if (negated) this.at++;
    let whole: CodePoints | undefined;
    let part: CodePoints | undefined;
    for (;;) {
      const c = this.peek();
      if (c === undefined) throw this.wrong('unclosed character class');
      if (c === ']' && (part !== undefined || whole !== undefined)) {
        this.at++;
        break;
      }
      if (c === '&' && this.points[this.at + 1] === '&') {
        this.at += 2;
        if (part === undefined || this.peek() === ']' || this.peek() === '&') {
          throw this.unsupported('an intersection [&&] with nothing on one side');
        }
        whole = whole?.intersect(part) ?? part;
        part = undefined;
        continue;
      }
      const item = this.classItem(c);
      part = part?.union(item) ?? item;
    }
    if (part !== undefined) whole = whole?.intersect(part) ?? part;
    const set = whole as CodePoints;
    return negated ? set.complement() : set;
  }

  private classItem(c: string): CodePoints {
    this.at++;
    if (c === '[') return this.characterClass();
    let first: number;
    if (c === '\\') {
      const escaped = this.peek();
      if (escaped === undefined) throw this.wrong('unclosed character class');
      if ('AbBGZzRXk123456789'.includes(escaped))
        throw this.wrong(`illegal escape sequence [\\${escaped}] within a class`);
      this.at++;
      const set = SETS[escaped];
      if (set !== undefined) return set;
      if (escaped === 'p' || escaped === 'P') return this.property(escaped === 'P');
      first = this.escapedPoint(escaped);
    } else first = c.codePointAt(0) as number;
    const end = this.points[this.at + 1];
    if (this.peek() !== '-' || end === undefined || end === ']' || end === '[') return this.literal(first);
    this.at += 2;
    let last = end.codePointAt(0) as number;
    if (end === '\\') {
      const escaped = this.points[this.at++];
      if (escaped === undefined || SETS[escaped] !== undefined || 'pP'.includes(escaped)) {
        throw this.wrong('illegal character range');
      }
      last = this.escapedPoint(escaped);
    }
    if (last < first) throw this.wrong('illegal character range');
    return this.cased(CodePoints.of([[first, last]]));
  }

  private literal(point: number): CodePoints {
    return this.cased(CodePoints.of([[point, point]]));
  }

  private cased(set: CodePoints): CodePoints {
    return this.ignoreCase ? set.withAsciiCases() : set;
  }

  private peek(): string | undefined {
    return this.points[this.at];
  }

  private rest(): string {
    return this.points.slice(this.at).join('');
  }

  private wrong(what: string): SnapkeepError {
    return new SnapkeepError(
      'pattern_syntax_exception',
      `[${this.pattern}] is not a regular expression: ${what} near index ${this.at}`,
    );
  }

  private unsupported(what: string): SnapkeepError {
    return new SnapkeepError(
      'illegal_argument_exception',
      `[${this.pattern}] uses ${what}, which is not supported: patterns are matched in linear time`,
    );
  }
}

function character(set: CodePoints): Piece {
  return { source: set.print(), canBeEmpty: false };
}

function assertion(letter: string): Piece {
  return { source: `\\${letter}`, canBeEmpty: true };
}

/** Returns the pattern with each `\Q…\E` as escaped characters, which is Java's own first step. */
function withoutQuotes(pattern: string): string {
  return pattern.replace(/\\(?:Q([\s\S]*?)(?:\\E|$)|[^Q]|$)/g, (whole, quoted: string | undefined) =>
    quoted === undefined ? whole : quoted.replace(/[^a-zA-Z]/gu, escaped),
  );
}

function escaped(c: string): string {
  return /[0-9]/.test(c) ? `\\x3${c}` : `\\${c}`;
}
