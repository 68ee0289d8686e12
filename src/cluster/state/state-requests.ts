/** How clusters are asked for the parts of their global state, and how they take them back. One row per part. */
import { type StateItem, type StatePart } from '../../contracts/global-state';
import { findValue, skipBlank, skipValue, textOf, walkObject } from '../../documents/scan-json';
import { withoutMembers } from '../writing/mapping-edits';

/** The requests of one part. */
interface StateRequests {
  readonly path: string;
  readonly query: Readonly<Record<string, string | number | boolean>>;
  /** Returns the items of the answer in any order. Throws `RawJsonError` when the answer has another form. */
  items(body: Buffer): StateItem[];
  /** Path of one item. */
  itemPath(name: string): string;
  /** Body of the request that puts an item. */
  wrapped(body: string): string;
}

/** What clusters note of their own accord, and refuse to take back. */
const NOTED = ['created_date', 'created_date_millis', 'modified_date', 'modified_date_millis'];

const asIs = (body: string): string => body;

/** Returns the members of the object at a path of keys; none if there is no such object. */
function membersAt(body: Buffer, path: readonly string[]): StateItem[] {
  const span = findValue(body, path);
  if (span === undefined) return [];
  const items: StateItem[] = [];
  walkObject(body, span.start, (name, start) => {
    const end = skipValue(body, start);
    items.push({ name, body: textOf(body, { start, end }) });
    return end;
  });
  return items;
}

/** Returns the objects of the list that is the member `list` of the answer. */
function elementsOf(body: Buffer, list: string): Buffer[] {
  const span = findValue(body, [list]);
  if (span === undefined) return [];
  const elements: Buffer[] = [];
  let i = skipBlank(body, span.start + 1);
  while (i < span.end && body[i] !== CLOSE_ARRAY) {
    const end = skipValue(body, i);
    elements.push(body.subarray(i, end));
    i = skipBlank(body, end);
    if (body[i] === COMMA) i = skipBlank(body, i + 1);
  }
  return elements;
}

const COMMA = 0x2c;
const CLOSE_ARRAY = 0x5d;

/** Returns `{name: element[name], body: element[body]}` of a list of objects. */
function namedElements(body: Buffer, list: string, nameKey: string, bodyKey: string): StateItem[] {
  return elementsOf(body, list).flatMap((element) => {
    const name = findValue(element, [nameKey]);
    const inner = findValue(element, [bodyKey]);
    if (name === undefined || inner === undefined) return [];
    return [{ name: JSON.parse(textOf(element, name)) as string, body: textOf(element, inner) }];
  });
}

function templates(list: string, path: string, bodyKey: string): StateRequests {
  return {
    path,
    query: {},
    items: (body) =>
      namedElements(body, list, 'name', bodyKey).map((item) => ({ ...item, body: withoutMembers(item.body, NOTED) })),
    itemPath: (name) => `${path}/${encodeURIComponent(name)}`,
    wrapped: asIs,
  };
}

function pipelines(path: string): StateRequests {
  return {
    path,
    query: {},
    items: (body) => membersAt(body, []).map((item) => ({ ...item, body: withoutMembers(item.body, NOTED) })),
    itemPath: (name) => `${path}/${encodeURIComponent(name)}`,
    wrapped: asIs,
  };
}

/** More policies than a cluster has; without a size the plugin shows twenty. */
const MOST_POLICIES = 10_000;

export const STATE_REQUESTS: Readonly<Record<StatePart, StateRequests>> = {
  settings: {
    path: '/_cluster/settings',
    query: { flat_settings: true },
    items: (body) => membersAt(body, ['persistent']),
    itemPath: () => '/_cluster/settings',
    wrapped: asIs,
  },
  templates: {
    path: '/_template',
    query: {},
    items: (body) => membersAt(body, []),
    itemPath: (name) => `/_template/${encodeURIComponent(name)}`,
    wrapped: asIs,
  },
  componentTemplates: templates('component_templates', '/_component_template', 'component_template'),
  indexTemplates: templates('index_templates', '/_index_template', 'index_template'),
  ingestPipelines: pipelines('/_ingest/pipeline'),
  searchPipelines: pipelines('/_search/pipeline'),
  ilmPolicies: {
    path: '/_ilm/policy',
    query: {},
    items: (body) =>
      membersAt(body, []).flatMap(({ name, body: text }) => {
        const bytes = Buffer.from(text);
        const policy = findValue(bytes, ['policy']);
        return policy === undefined ? [] : [{ name, body: textOf(bytes, policy) }];
      }),
    itemPath: (name) => `/_ilm/policy/${encodeURIComponent(name)}`,
    wrapped: (body) => `{"policy":${body}}`,
  },
  ismPolicies: {
    path: '/_plugins/_ism/policies',
    query: { size: MOST_POLICIES },
    items: (body) =>
      namedElements(body, 'policies', '_id', 'policy').map(({ name, body: text }) => ({
        name,
        body: withoutMembers(text, ['policy_id', 'last_updated_time', 'user']),
      })),
    itemPath: (name) => `/_plugins/_ism/policies/${encodeURIComponent(name)}`,
    wrapped: (body) => `{"policy":${body}}`,
  },
  // No other request lists the scripts.
  storedScripts: {
    path: '/_cluster/state/metadata',
    query: { filter_path: 'metadata.stored_scripts' },
    items: (body) => membersAt(body, ['metadata', 'stored_scripts']),
    itemPath: (name) => `/_scripts/${encodeURIComponent(name)}`,
    wrapped: (body) => `{"script":${body}}`,
  },
};
