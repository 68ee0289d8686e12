import { type Json, RawJson } from './json-value';

/** Prints `value` as JSON. Undefined members are left out, and {@link RawJson} is printed unchanged. */
export function printJson(value: Json, pretty: boolean): string {
  return print(value, pretty ? '\n' : '', pretty) + (pretty ? '\n' : '');
}

function print(value: Json, newLine: string, pretty: boolean): string {
  if (value instanceof RawJson) return value.text;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value ?? null);
  const inner = pretty ? `${newLine}  ` : '';
  if (Array.isArray(value)) {
    const list = (value as readonly Json[]).map((one) => print(one, inner, pretty));
    return list.length === 0 ? '[]' : `[${inner}${list.join(`,${inner}`)}${newLine}]`;
  }
  const colon = pretty ? ' : ' : ':';
  const members = Object.entries(value)
    .filter(([, member]) => member !== undefined)
    .map(([name, member]) => `${JSON.stringify(name)}${colon}${print(member as Json, inner, pretty)}`);
  return members.length === 0 ? '{}' : `{${inner}${members.join(`,${inner}`)}${newLine}}`;
}
