/**
 * The calls of the official JavaScript clients that concern snapshots. The clients of both products have the same
 * methods; what differs in spelling is adapted here.
 */
import { Client as Elasticsearch8 } from '@elastic/elasticsearch';
import { Client as OpenSearch } from '@opensearch-project/opensearch';
import { Client as Elasticsearch9 } from 'elasticsearch-9';
import { type EngineName } from './engines';

type Parameters = Readonly<Record<string, unknown>>;

/** A call: the method of the client, such as `snapshot.create`, and what it is given. */
export interface ClientCall {
  readonly method: string;
  readonly parameters: Parameters;
}

export interface ClientOutcome {
  readonly status: number;
  /** Type of the error in the answer, or the class of what the client threw without one. */
  readonly error?: string;
  readonly body: unknown;
}

/** Sends a call and returns what came back, whatever it is. */
export type Caller = (call: ClientCall) => Promise<ClientOutcome>;

type Method = (parameters: object, options?: object) => Promise<unknown>;

/** Returns the official client of the engine's product and version, asking the given address. */
export function clientFor(engine: EngineName, node: string): { readonly call: Caller; close(): Promise<void> } {
  if (engine.startsWith('opensearch')) {
    const client = new OpenSearch({ node });
    return {
      call: (call) => outcome(() => methodOf(client, call.method)(splitBody(call))),
      close: () => client.close(),
    };
  }
  const Client = engine.startsWith('elasticsearch-9') ? Elasticsearch9 : Elasticsearch8;
  const client = new Client({ node, compression: true });
  return {
    call: (call) => outcome(() => methodOf(client, call.method)(named(call), { meta: true })),
    close: () => client.close(),
  };
}

function methodOf(client: object, name: string): Method {
  const [namespace = '', method = ''] = name.split('.');
  const group = (client as Record<string, Record<string, Method> | undefined>)[namespace];
  const found = group?.[method];
  if (group === undefined || found === undefined) throw new Error(`the client has no method [${name}]`);
  return found.bind(group);
}

/** Parameters of calls with a body that are part of the path or the query. */
const OUTSIDE_OF_BODY: ReadonlySet<string> = new Set([
  ...['repository', 'snapshot', 'target_snapshot', 'wait_for_completion', 'verify'],
]);
const WITH_BODY: ReadonlySet<string> = new Set([
  ...['snapshot.createRepository', 'snapshot.create', 'snapshot.restore', 'snapshot.clone'],
]);

/** The client of OpenSearch takes the fields of a body as `body`. */
function splitBody({ method, parameters }: ClientCall): object {
  if (!WITH_BODY.has(method)) return parameters;
  const entries = Object.entries(parameters);
  return {
    ...Object.fromEntries(entries.filter(([name]) => OUTSIDE_OF_BODY.has(name))),
    body: Object.fromEntries(entries.filter(([name]) => !OUTSIDE_OF_BODY.has(name))),
  };
}

/** In calls about a repository, the clients of Elasticsearch call it `name`, and the body `repository`. */
function named({ method, parameters }: ClientCall): object {
  const { repository: name, type, settings, ...rest } = parameters;
  if (!method.endsWith('Repository') || name === undefined) return parameters;
  return { name, ...rest, ...(type === undefined ? {} : { repository: { type, settings } }) };
}

async function outcome(call: () => Promise<unknown>): Promise<ClientOutcome> {
  try {
    const { statusCode, body } = (await call()) as { statusCode: number; body: unknown };
    return { status: statusCode, body };
  } catch (thrown) {
    const { name, meta } = thrown as Error & { meta?: { statusCode?: number; body?: { error?: { type?: string } } } };
    const body = meta?.body;
    return { status: meta?.statusCode ?? 0, error: body?.error?.type ?? name, body };
  }
}
