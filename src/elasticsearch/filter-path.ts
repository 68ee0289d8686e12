/**
 * Applies `filter_path`: dotted paths of the members to keep. A `-` before a path leaves its members out, `*` matches
 * any name, `**` any depth.
 */
import { type Json, type JsonObject, RawJson } from './json-value';
import { matchesWildcard } from './wildcard';

type Path = readonly string[];

/**
 * Returns the parts of `value` that `expression` keeps. Lists are filtered item by item; empty results are removed.
 * Undefined when nothing is left of a list; an object is left empty.
 */
export function filterPath<Value extends JsonObject | readonly JsonObject[]>(
  value: Value,
  expression: string,
): Value | undefined {
  const parts = expression
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
  const excluded = parts.filter((part) => part.startsWith('-')).map((part) => split(part.slice(1)));
  const included = parts.filter((part) => !part.startsWith('-')).map(split);
  const nothing = Array.isArray(value) ? undefined : {};
  const kept = included.length === 0 ? value : (keep(value, included) ?? nothing);
  if (kept === undefined || excluded.length === 0) return kept as Value | undefined;
  return (drop(kept as Json, excluded) ?? nothing) as Value | undefined;
}

/** Splits a path at its dots. A dot after a backslash is part of a name. */
function split(path: string): Path {
  return path.split(/(?<!\\)\./).map((name) => name.replaceAll('\\.', '.'));
}

function keep(value: Json, paths: readonly Path[]): Json {
  if (paths.some((path) => path.length === 0 || (path.length === 1 && path[0] === '**'))) return value;
  return descend(value, paths, keep);
}

function drop(value: Json, paths: readonly Path[]): Json {
  if (paths.some((path) => path.length === 0)) return undefined;
  return descend(value, paths, (child, left) => (left.length === 0 ? child : drop(child, left)), true);
}

function descend(
  value: Json,
  paths: readonly Path[],
  apply: (child: Json, paths: readonly Path[]) => Json,
  keepOthers = false,
): Json {
  if (Array.isArray(value)) {
    const list = (value as readonly Json[]).map((one) => descend(one, paths, apply, keepOthers));
    const left = list.filter((one) => one !== undefined);
    return left.length === 0 ? undefined : left;
  }
  if (!isObject(value)) return keepOthers ? value : undefined;
  const entries = Object.entries(value).flatMap(([name, child]): [string, Json][] => {
    const next = paths.flatMap((path) => step(path, name));
    if (next.length === 0) return keepOthers ? [[name, child]] : [];
    const left = apply(child, next);
    return left === undefined ? [] : [[name, left]];
  });
  return entries.length === 0 && !keepOthers ? undefined : Object.fromEntries(entries);
}

/** Returns the rest of the path after a member of this name. `**` can give several rests. */
function step(path: Path, name: string): Path[] {
  const [first, ...rest] = path;
  if (first === undefined) return [];
  if (first === '**') return [path, ...step(rest, name)];
  return matchesWildcard(first, name) ? [rest] : [];
}

function isObject(value: Json): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof RawJson);
}
