/** Edits single parameters of raw mappings. Everything else in a mapping stays byte for byte. */
import { skipValue, textOf, walkObject } from '../../documents/scan-json';

/** One field of a mapping. */
interface MappedField {
  /** The full path, such as `user.name`; multi-fields included. */
  readonly path: string;
  /** Raw JSON object. */
  readonly definition: string;
  /** True for a multi-field (`fields`), which indexes another field in a second way. */
  readonly multiField: boolean;
}

/** Returns a field's new definition, `null` to leave the field out, or `undefined` to edit the fields inside. */
type FieldEdit = (field: MappedField) => string | null | undefined;

/** Returns the mapping with `edit` applied to every field. */
export function editFields(mapping: string, edit: FieldEdit, prefix = ''): string {
  return editMembers(mapping, (key, value) => {
    if ((key !== 'properties' && key !== 'fields') || !isObject(value)) return value;
    return editMembers(value, (name, definition) => {
      if (!isObject(definition)) return definition;
      const path = prefix + name;
      const edited = edit({ path, definition, multiField: key === 'fields' });
      if (edited === null) return undefined;
      return edited ?? editFields(definition, edit, `${path}.`);
    });
  });
}

/** Returns the object without some of its own members. */
export function withoutMembers(object: string, names: readonly string[]): string {
  return editMembers(object, (key, value) => (names.includes(key) ? undefined : value));
}

/** Returns the decoded value of an object's own member; undefined if there is none. */
export function memberOf(object: string, name: string): unknown {
  let found: unknown;
  editMembers(object, (key, value) => {
    if (key === name) found = JSON.parse(value);
    return value;
  });
  return found;
}

/** Keeps, changes or leaves out (`undefined`) each member. Returns the same text if nothing changes. */
export function editMembers(object: string, edit: (key: string, value: string) => string | undefined): string {
  const bytes = Buffer.from(object);
  const members: string[] = [];
  let changed = false;
  walkObject(bytes, 0, (key, start) => {
    const end = skipValue(bytes, start);
    const before = textOf(bytes, { start, end });
    const after = edit(key, before);
    if (after !== before) changed = true;
    if (after !== undefined) members.push(`${JSON.stringify(key)}:${after}`);
    return end;
  });
  return changed ? `{${members.join(',')}}` : object;
}

function isObject(value: string): boolean {
  return value.startsWith('{');
}
