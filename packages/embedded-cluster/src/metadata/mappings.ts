import { ElasticsearchError, illegalArgument } from '../elasticsearch-error';
import { mergeObjects, objectMembers } from '../raw-json';

type Json = Record<string, unknown>;

const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Returns whether documents of an index with these mappings come back with their `_source`. */
export function isSourceEnabled(mappings: string): boolean {
  const source = (JSON.parse(mappings) as Json)['_source'];
  return !(isObject(source) && (source['enabled'] === false || source['enabled'] === 'false'));
}

/** Throws Elasticsearch's 400 unless `mappings` is a JSON object with `properties` that are objects. */
export function checkMappings(mappings: string): void {
  const parsed = JSON.parse(mappings) as unknown;
  if (!isObject(parsed)) {
    throw new ElasticsearchError('mapper_parsing_exception', 'Failed to parse mapping: not an object', 400);
  }
  checkProperties(parsed);
}

function checkProperties(node: Json): void {
  const properties = node['properties'];
  if (properties === undefined) return;
  if (!isObject(properties)) {
    throw new ElasticsearchError(
      'mapper_parsing_exception',
      'Failed to parse mapping: Expected map for property [properties]',
      400,
    );
  }
  for (const [name, field] of Object.entries(properties)) {
    if (!isObject(field)) {
      throw new ElasticsearchError(
        'mapper_parsing_exception',
        `Failed to parse mapping: Expected map for property [fields] on field [${name}] but got a class java.lang.String`,
        400,
      );
    }
    checkProperties(field);
  }
}

/** Merges `added` into `current`, or throws the 400 for a field that would change its type. Untouched text stays. */
export function mergeMappings(current: string, added: string): string {
  checkMappings(added);
  refuseTypeChanges(JSON.parse(current) as Json, JSON.parse(added) as Json, '');
  return mergeObjects(Buffer.from(current), Buffer.from(added)).toString();
}

function refuseTypeChanges(current: Json, added: Json, path: string): void {
  const [known, given] = [current['properties'], added['properties']];
  if (!isObject(known) || !isObject(given)) return;
  for (const [name, field] of Object.entries(given)) {
    const before = known[name];
    if (!isObject(before) || !isObject(field)) continue;
    const typeOf = (mapping: Json): string => String(mapping['type'] ?? 'object');
    if (typeOf(before) !== typeOf(field)) {
      throw illegalArgument(
        `mapper [${path}${name}] cannot be changed from type [${typeOf(before)}] to [${typeOf(field)}]`,
      );
    }
    refuseTypeChanges(before, field, `${path}${name}.`);
  }
}

/** Returns the text of mappings that may come wrapped as `{"_doc": {…}}`, as Elasticsearch 7 clients send it. */
export function unwrapMappings(text: Buffer): string {
  const members = objectMembers(text);
  const only = members[0];
  if (members.length === 1 && only?.key === '_doc') return text.toString('utf8', only.start, only.end);
  return text.toString();
}
