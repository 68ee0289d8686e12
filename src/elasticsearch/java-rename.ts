/**
 * Applies `rename_pattern` and `rename_replacement` as Elasticsearch does, by Java's `name.replaceAll(pattern,
 * replacement)`. RE2 matches in time linear in the name.
 */
import { type Matcher, RE2JS } from 're2js';
import { SnapkeepError } from '../contracts/errors';
import { type JavaPattern, translateJavaPattern } from './java-pattern';

/** Longest accepted replacement, in UTF-16 units. */
const MAX_REPLACEMENT = 1_000;
/** Most instructions of a compiled pattern; they bound the cost of each character of a name. */
const MAX_PROGRAM = 5_000;
const LINE_TERMINATOR = /[\n\r\u0085\u2028\u2029]/;

/**
 * Returns a function that renames a name. The function throws `illegal_argument_exception` when a name holds a line
 * terminator.
 *
 * Throws `pattern_syntax_exception` when Java refuses the pattern. Throws `illegal_argument_exception` when only RE2
 * cannot match it, or when the replacement names a group that the pattern does not have.
 */
export function javaRename(pattern: string, replacement: string): (name: string) => string {
  const translated = translateJavaPattern(pattern);
  const parts = parseReplacement(replacement, translated);
  const expression = compile(pattern, translated);
  return (name) => {
    if (LINE_TERMINATOR.test(name)) {
      throw new SnapkeepError(
        'illegal_argument_exception',
        `[${JSON.stringify(name)}] holds a line terminator: it cannot be renamed`,
      );
    }
    const matcher = expression.matcher(name);
    let renamed = '';
    let at = 0;
    while (matcher.find()) {
      renamed += name.slice(at, matcher.start()) + parts.map((part) => textOf(part, matcher)).join('');
      at = matcher.end();
    }
    return renamed + name.slice(at);
  };
}

function compile(pattern: string, { source }: JavaPattern): RE2JS {
  let expression: RE2JS;
  try {
    expression = RE2JS.compile(source);
  } catch (cause) {
    throw new SnapkeepError(
      'illegal_argument_exception',
      `[${pattern}] cannot be matched in linear time: ${(cause as Error).message}`,
      { cause },
    );
  }
  if (expression.programSize() > MAX_PROGRAM) {
    throw new SnapkeepError('illegal_argument_exception', `[${pattern}] is too large: repeat less`);
  }
  return expression;
}

/** One part of a replacement: literal text, or the number of a group. */
type Part = string | number;

function textOf(part: Part, matcher: Matcher): string {
  return typeof part === 'string' ? part : (matcher.group(part) ?? '');
}

/** Parses a replacement as Java's Matcher does: `\x` is x, `$n` takes all digits that name a group, `${name}`. */
function parseReplacement(replacement: string, { groupCount, groupNames }: JavaPattern): Part[] {
  const wrong = (why: string): SnapkeepError =>
    new SnapkeepError(
      'illegal_argument_exception',
      `[${replacement.slice(0, MAX_REPLACEMENT)}] is not a replacement: ${why}`,
    );
  if (replacement.length > MAX_REPLACEMENT) throw wrong(`it is longer than ${MAX_REPLACEMENT} characters`);
  const parts: Part[] = [];
  for (let i = 0; i < replacement.length; i++) {
    const c = replacement.charAt(i);
    if (c === '\\') {
      if (++i === replacement.length) throw wrong('character to be escaped is missing');
      parts.push(replacement.charAt(i));
    } else if (c !== '$') {
      parts.push(c);
    } else if (replacement[i + 1] === '{') {
      const name = /^\$\{([A-Za-z][A-Za-z0-9]*)\}/.exec(replacement.slice(i))?.[1];
      if (name === undefined) throw wrong('named capturing group is missing its name or the trailing [}]');
      const group = groupNames.get(name);
      if (group === undefined) throw wrong(`No group with name {${name}}`);
      parts.push(group);
      i += name.length + 2;
    } else {
      if (!/\d/.test(replacement[i + 1] ?? '')) throw wrong('Illegal group reference');
      let group = Number(replacement[++i]);
      if (group > groupCount) throw wrong(`No group ${group}`);
      while (/\d/.test(replacement[i + 1] ?? '') && group * 10 + Number(replacement[i + 1]) <= groupCount) {
        group = group * 10 + Number(replacement[++i]);
      }
      parts.push(group);
    }
  }
  return parts;
}
