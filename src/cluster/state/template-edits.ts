/** Takes out of a template what a cluster of another product or version does not know. */
import { type StatePart } from '../../contracts/global-state';
import { findValue, textOf } from '../../documents/scan-json';
import { type IndexDefinition, leaveOut } from '../writing/create-index';
import { editMembers, withoutMembers } from '../writing/mapping-edits';

const UNKNOWN_FIELD = /unknown (?:field|key) \[([^\]]+)\]/;
/** Objects of a template whose members are read strictly. */
const STRICT = ['template', 'data_stream'];

/** Returns the template without what `reason` names, and the name of that; undefined if nothing can be left out. */
export function withoutRefusedPart(
  part: StatePart,
  body: string,
  reason: string,
): { readonly body: string; readonly what: string } | undefined {
  if (part !== 'templates' && part !== 'indexTemplates' && part !== 'componentTemplates') return undefined;
  const definition = definitionOf(part, body);
  const left = definition && leaveOut(definition, reason);
  if (left) return { body: withDefinition(part, body, left.definition), what: left.what.name };
  const unknown = UNKNOWN_FIELD.exec(reason)?.[1];
  if (unknown === undefined) return undefined;
  const edited = editMembers(withoutMembers(body, [unknown]), (key, value) =>
    STRICT.includes(key) && value.startsWith('{') ? withoutMembers(value, [unknown]) : value,
  );
  return edited === body ? undefined : { body: edited, what: `field [${unknown}]` };
}

type TemplatePart = 'templates' | 'indexTemplates' | 'componentTemplates';

/** Returns where settings and mappings stand: at the top of a legacy template, else in its member `template`. */
function rootOf(part: TemplatePart): readonly string[] {
  return part === 'templates' ? [] : ['template'];
}

function definitionOf(part: TemplatePart, body: string): IndexDefinition | undefined {
  const bytes = Buffer.from(body);
  const root = findValue(bytes, rootOf(part));
  if (root === undefined) return undefined;
  const member = (name: string): string | undefined => {
    const span = findValue(bytes, [name], root.start);
    return span && textOf(bytes, span);
  };
  return { settings: member('settings') ?? '{}', mappings: member('mappings') };
}

function withDefinition(part: TemplatePart, body: string, { settings, mappings }: IndexDefinition): string {
  const edit = (object: string): string =>
    editMembers(object, (key, value) =>
      key === 'settings' ? settings : key === 'mappings' ? (mappings ?? value) : value,
    );
  return part === 'templates'
    ? edit(body)
    : editMembers(body, (key, value) => (key === 'template' ? edit(value) : value));
}
