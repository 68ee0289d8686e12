import type { Cluster } from '../cluster';
import { ElasticsearchError, illegalArgument } from '../elasticsearch-error';
import { acknowledged, type ApiRequest, type ApiResponse } from '../http/api-request';
import type { Route } from '../http/router';
import type { FlatSettings } from '../metadata/index-metadata';
import { applyChanges, type Changes, nestSettings } from '../metadata/index-settings';
import { wildcard } from '../metadata/resolve-indices';
import { RawJson, rawMember } from '../raw-json';

/** Kinds of named objects that are kept as they came, and never applied. */
type Kind = 'component_template' | 'index_template' | 'pipeline' | 'script';

/**
 * Returns the routes that keep persistent settings, templates, pipelines and stored scripts, for snapshots that hold
 * the global state. They have no effect: no template is applied, no pipeline runs.
 */
export function globalStateRoutes(cluster: Cluster): Route[] {
  const templates = (kind: 'component_template' | 'index_template'): Route[] =>
    objectRoutes(cluster, kind, `/_${kind}`, (found, name) => {
      const list = found.map((one) => ({ name: one.name, [kind]: one.body }));
      if (list.length === 0 && name !== undefined && !name.includes('*')) {
        throw missing(`${kind.replace('_', ' ')} matching [${name}] not found`);
      }
      return { json: { [`${kind}s`]: list } };
    });
  return [
    {
      methods: 'GET',
      path: '/_cluster/settings',
      query: 'flat_settings include_defaults',
      handler: ({ query }) => {
        const persistent = persistentSettings(cluster);
        const isFlat = query.get('flat_settings') !== undefined && query.get('flat_settings') !== 'false';
        return { json: { persistent: isFlat ? persistent : nestSettings(persistent), transient: {} } };
      },
    },
    { methods: 'PUT', path: '/_cluster/settings', handler: (request) => putSettings(cluster, request) },
    ...templates('component_template'),
    ...templates('index_template'),
    ...objectRoutes(cluster, 'pipeline', '/_ingest/pipeline', (found) => ({
      status: found.length === 0 ? 404 : 200,
      json: members(found),
    })),
    ...objectRoutes(
      cluster,
      'script',
      '/_scripts',
      ([found], name = '') =>
        found === undefined
          ? { status: 404, json: { _id: name, found: false } }
          : { json: { _id: name, found: true, script: found.body } },
      'script',
    ).filter(({ path }) => path !== '/_scripts'),
  ];
}

/** Returns the stored scripts as a cluster state shows them; undefined if there are none. */
export function storedScripts(cluster: Cluster): Record<string, RawJson> | undefined {
  const found = objectsOf(cluster, 'script');
  return found.length === 0 ? undefined : members(found);
}

interface NamedObject {
  readonly name: string;
  readonly body: RawJson;
}

function members(found: readonly NamedObject[]): Record<string, RawJson> {
  return Object.fromEntries(found.map(({ name, body }) => [name, body]));
}

const keyOf = (kind: Kind, name: string): string => `state/${kind}/${name}`;

function objectsOf(cluster: Cluster, kind: Kind, pattern?: string): NamedObject[] {
  const prefix = keyOf(kind, '');
  const wanted = pattern?.split(',').map(wildcard);
  const found: NamedObject[] = [];
  for (const { key, value } of cluster.store.environment.meta.getRange({ start: prefix, end: `${prefix}\uffff` })) {
    const name = key.slice(prefix.length);
    if (wanted !== undefined && !wanted.some((one) => one.test(name))) continue;
    found.push({ name, body: new RawJson(Buffer.from(value as string)) });
  }
  return found;
}

/** Returns the routes of one kind. `member`: the member of a request's body that is kept; unset: all of it. */
function objectRoutes(
  cluster: Cluster,
  kind: Kind,
  path: string,
  show: (found: readonly NamedObject[], name: string | undefined) => ApiResponse,
  member?: string,
): Route[] {
  const get = ({ parameters }: ApiRequest): ApiResponse =>
    show(objectsOf(cluster, kind, parameters['name']), parameters['name']);
  const put = async (request: ApiRequest): Promise<ApiResponse> => {
    request.requireBody();
    request.jsonBody();
    const body = member === undefined ? request.body : rawMember(request.body, member);
    if (body === undefined) throw illegalArgument(`must specify <${member}> for stored script`);
    await cluster.store.write((transaction) => {
      transaction.putMeta(keyOf(kind, request.parameter('name')), body.toString());
    });
    return acknowledged;
  };
  const remove = async (request: ApiRequest): Promise<ApiResponse> => {
    const pattern = request.parameter('name');
    const found = objectsOf(cluster, kind, pattern);
    if (found.length === 0 && !pattern.includes('*')) throw missing(`${kind} [${pattern}] is missing`);
    await cluster.store.write((transaction) => {
      for (const { name } of found) transaction.removeMeta(keyOf(kind, name));
    });
    return acknowledged;
  };
  const query = 'flat_settings local summary create context';
  return [
    { methods: 'GET', path, query, handler: get },
    { methods: 'GET', path: `${path}/{name}`, query, handler: get },
    { methods: 'PUT POST', path: `${path}/{name}`, query, handler: put },
    { methods: 'DELETE', path: `${path}/{name}`, query, handler: remove },
  ];
}

function missing(reason: string): ElasticsearchError {
  return new ElasticsearchError('resource_not_found_exception', reason, 404);
}

const SETTINGS_KEY = 'state/settings';

function persistentSettings(cluster: Cluster): FlatSettings {
  return (cluster.store.environment.meta.get(SETTINGS_KEY) ?? {}) as FlatSettings;
}

async function putSettings(cluster: Cluster, request: ApiRequest): Promise<ApiResponse> {
  request.requireBody();
  const { persistent, ...others } = request.jsonBody();
  const [other] = Object.keys(others);
  if (other !== undefined) throw illegalArgument(`the embedded cluster keeps persistent settings only, not [${other}]`);
  const changed = Object.entries(applyChanges(persistentSettings(cluster), flattenNames(persistent ?? {}, '')));
  const sorted = Object.fromEntries(changed.sort(([a], [b]) => (a < b ? -1 : 1)));
  await cluster.store.write((transaction) => transaction.putMeta(SETTINGS_KEY, sorted));
  return { json: { acknowledged: true, persistent: nestSettings(sorted), transient: {} } };
}

/** Flattens settings of the cluster; unlike those of an index they get no prefix. */
function flattenNames(value: unknown, name: string): Changes {
  if (Array.isArray(value)) return { [name]: value.map(String) };
  if (typeof value !== 'object' || value === null) return { [name]: value === null ? null : String(value) };
  const members = Object.entries(value).map(([key, inner]) =>
    flattenNames(inner, name === '' ? key : `${name}.${key}`),
  );
  return Object.assign({}, ...members) as Changes;
}
