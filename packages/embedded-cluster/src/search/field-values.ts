/**
 * Returns the values of a field in a document: dotted names go into objects, lists are looked through, and
 * `name.keyword` falls back to `name`, as dynamic mappings have it.
 */
export function fieldValues(source: unknown, field: string): unknown[] {
  const values = collect(source, field);
  return values.length === 0 && field.endsWith('.keyword')
    ? collect(source, field.slice(0, -'.keyword'.length))
    : values;
}

function collect(node: unknown, path: string): unknown[] {
  if (Array.isArray(node)) return node.flatMap((element) => collect(element, path));
  if (path === '') return [node];
  if (typeof node !== 'object' || node === null) return [];
  const values: unknown[] = [];
  const members = node as Record<string, unknown>;
  if (Object.hasOwn(members, path)) values.push(...collect(members[path], ''));
  for (let dot = path.indexOf('.'); dot >= 0; dot = path.indexOf('.', dot + 1)) {
    const head = path.slice(0, dot);
    if (Object.hasOwn(members, head)) values.push(...collect(members[head], path.slice(dot + 1)));
  }
  return values;
}
