import { type Json, type JsonObject, RawJson } from './json-value';

/** Names that need no quotes. Words that YAML takes for something else are not among them. */
const PLAIN = /^(?!(?:true|false|null|yes|no|on|off|y|n)$)[a-z_][\w.$/-]*$/i;

/** Prints `value` as YAML in the form of the engines: texts in quotes, lists not indented. Undefined is left out. */
export function printYaml(value: Json): string {
  return `---\n${print(plain(value), '').replace(/^\n/, '').replace(/^ /, '')}\n`;
}

/** Returns what follows a name or a dash: a scalar behind a blank, or lines below. */
function print(value: Json, indent: string): string {
  if (typeof value !== 'object' || value === null) return ` ${JSON.stringify(value ?? null)}`;
  if (Array.isArray(value)) {
    const list = value as readonly Json[];
    if (list.length === 0) return ' []';
    return list.map((one) => `\n${indent}-${inLine(print(one, `${indent}  `), indent)}`).join('');
  }
  const members = Object.entries(value as JsonObject).filter(([, member]) => member !== undefined);
  if (members.length === 0) return ' {}';
  return members
    .map(([name, member]) => {
      const inner = Array.isArray(member) ? indent : `${indent}  `;
      return `\n${indent}${PLAIN.test(name) ? name : JSON.stringify(name)}:${print(member, inner)}`;
    })
    .join('');
}

/** Moves the first line of a list's item behind its dash. */
function inLine(item: string, indent: string): string {
  return item.startsWith('\n') ? ` ${item.slice(1 + indent.length + 2)}` : item;
}

function plain(value: Json): Json {
  if (value instanceof RawJson) return JSON.parse(value.text) as Json;
  if (Array.isArray(value)) return (value as readonly Json[]).map(plain);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, plain(member as Json)]));
}
