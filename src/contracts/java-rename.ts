/**
 * `rename_pattern` and `rename_replacement` as Elasticsearch applies them: Java's `name.replaceAll(pattern,
 * replacement)`. The syntax shared by Java and JavaScript is taken as it is; what Java writes otherwise is translated,
 * what JavaScript has no counterpart for (possessive quantifiers, inline flags, class intersections) is refused.
 */
import { SnapkeepError } from './errors';

/** Returns the renaming as a function. Throws `illegal_argument_exception` for a pattern or replacement it can't use. */
export function javaRename(pattern: string, replacement: string): (name: string) => string {
  const expression = compile(pattern);
  const parts = parseReplacement(replacement, expression);
  return (name) =>
    name.replace(expression, (...match: unknown[]) => {
      const groups = typeof match.at(-1) === 'object' ? (match.at(-1) as Record<string, string | undefined>) : {};
      return parts
        .map((part) => {
          if (typeof part === 'string') return part;
          const value = typeof part.group === 'number' ? match[part.group] : groups[part.group];
          return (value as string | undefined) ?? '';
        })
        .join('');
    });
}

function compile(pattern: string): RegExp {
  const refused = /(^|[^\\])(?:[*+?}]\+|\(\?[a-zA-Z-]+[):]|\(\?>|&&)/.exec(pattern);
  if (refused !== null) {
    throw new SnapkeepError(
      'illegal_argument_exception',
      `rename_pattern [${pattern}] uses [${refused[0]}], which is not supported: possessive quantifiers, atomic groups, inline flags and class intersections are not`,
    );
  }
  const translated = pattern
    .replace(/\\Q([\s\S]*?)(?:\\E|$)/g, (_, quoted: string) => quoted.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&'))
    .replace(/\\A/g, '^')
    .replace(/\\[zZ]/g, '$')
    .replace(/\\p\{(Lower|Upper|Alpha|Digit|Alnum|Punct)\}/g, (_, name: string) => `[${POSIX[name]}]`);
  try {
    return new RegExp(translated, 'g');
  } catch (error) {
    throw new SnapkeepError(
      'illegal_argument_exception',
      `rename_pattern [${pattern}] is not a regular expression: ${(error as Error).message}`,
    );
  }
}

const POSIX: Readonly<Record<string, string>> = {
  Lower: 'a-z',
  Upper: 'A-Z',
  Alpha: 'A-Za-z',
  Digit: '0-9',
  Alnum: 'A-Za-z0-9',
  Punct: '!-\\/:-@\\[-`{-~',
};

type Part = string | { readonly group: number | string };

/** Java's Matcher.appendReplacement: `\x` is x, `$n` takes as many digits as name an existing group, `${name}`. */
function parseReplacement(replacement: string, expression: RegExp): Part[] {
  const groupCount = (new RegExp(`${expression.source}|`).exec('') ?? []).length - 1;
  const parts: Part[] = [];
  let literal = '';
  const push = (part: Part): void => {
    if (literal !== '') parts.push(literal);
    literal = '';
    parts.push(part);
  };
  const wrong = (why: string): SnapkeepError =>
    new SnapkeepError('illegal_argument_exception', `rename_replacement [${replacement}] is wrong: ${why}`);
  for (let i = 0; i < replacement.length; i++) {
    const c = replacement[i];
    if (c === '\\') {
      if (++i === replacement.length) throw wrong('character to be escaped is missing');
      literal += replacement[i];
    } else if (c !== '$') {
      literal += c;
    } else if (replacement[i + 1] === '{') {
      const end = replacement.indexOf('}', i);
      const name = end < 0 ? '' : replacement.slice(i + 2, end);
      if (!/^[A-Za-z][A-Za-z0-9]*$/.test(name))
        throw wrong('named capturing group is missing trailing [}] or its name');
      if (!expression.source.includes(`(?<${name}>`)) throw wrong(`no group with name {${name}}`);
      push({ group: name });
      i = end;
    } else {
      if (!/\d/.test(replacement[i + 1] ?? '')) throw wrong('illegal group reference');
      let group = Number(replacement[++i]);
      if (group > groupCount) throw wrong(`no group ${group}`);
      while (/\d/.test(replacement[i + 1] ?? '') && group * 10 + Number(replacement[i + 1]) <= groupCount) {
        group = group * 10 + Number(replacement[++i]);
      }
      push({ group });
    }
  }
  if (literal !== '') parts.push(literal);
  return parts;
}
