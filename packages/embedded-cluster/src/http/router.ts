import { illegalArgument, PlainError, unsupported } from '../elasticsearch-error';
import type { Handler } from './api-request';

/** One entry of the API: methods, path with `{parameters}`, the query parameters it takes, what it does. */
export interface Route {
  /** Space-separated; `GET` also answers `HEAD`. */
  readonly methods: string;
  readonly path: string;
  /** Space-separated names besides those that every request takes. */
  readonly query?: string;
  readonly handler: Handler;
}

interface CompiledRoute extends Route {
  readonly segments: readonly string[];
  readonly accepted: ReadonlySet<string>;
  readonly allowed: readonly string[];
}

const COMMON = 'pretty human error_trace filter_path format master_timeout cluster_manager_timeout timeout';

interface Match {
  readonly handler: Handler;
  readonly parameters: Record<string, string>;
}

/** Finds the handler for a request, or throws what Elasticsearch answers when there is none. */
export class Router {
  private readonly routes: CompiledRoute[];

  constructor(routes: readonly Route[]) {
    this.routes = routes
      .map((route) => ({
        ...route,
        segments: route.path.split('/').slice(1),
        accepted: new Set(`${COMMON} ${route.query ?? ''}`.split(' ')),
        allowed: route.methods.split(' ').flatMap((method) => (method === 'GET' ? ['GET', 'HEAD'] : [method])),
      }))
      // Literal segments win over parameters: `/_all/_search` over `/{index}/_search` over `/{index}/{anything}`.
      .sort((a, b) => (specificity(a.segments) < specificity(b.segments) ? -1 : 1));
  }

  match(method: string, path: string, query: ReadonlyMap<string, string>): Match {
    const segments = splitPath(path);
    const sameSpot = this.routes.filter((route) => parametersOf(route.segments, segments) !== undefined);
    if (sameSpot.length === 0) throw unsupported(`[${method} ${path}]`);
    const route = sameSpot.find((candidate) => candidate.allowed.includes(method));
    if (route === undefined) {
      const allowed = [...new Set(sameSpot.flatMap((candidate) => candidate.allowed))].sort();
      throw new PlainError(
        `Incorrect HTTP method for uri [${path}] and method [${method}], allowed: [${allowed.join(', ')}]`,
        405,
      );
    }
    const unknown = [...query.keys()].filter((name) => !route.accepted.has(name));
    if (unknown.length > 0) {
      throw illegalArgument(
        `request [${path}] contains unrecognized parameter${unknown.length > 1 ? 's' : ''}: ` +
          unknown.map((name) => `[${name}]`).join(', '),
      );
    }
    return { handler: route.handler, parameters: parametersOf(route.segments, segments) as Record<string, string> };
  }
}

const isParameter = (segment: string): boolean => segment.startsWith('{');

/** Sorts literal segments before parameters, position by position. */
const specificity = (segments: readonly string[]): string =>
  segments.map((segment) => (isParameter(segment) ? '1' : '0')).join('');

function splitPath(path: string): string[] {
  try {
    return path
      .replace(/\/+$/, '')
      .split('/')
      .slice(1)
      .map((segment) => decodeURIComponent(segment));
  } catch {
    throw illegalArgument(`malformed percent-encoding in [${path}]`);
  }
}

function parametersOf(pattern: readonly string[], segments: readonly string[]): Record<string, string> | undefined {
  if (segments.length === 0) segments = [''];
  if (pattern.length !== segments.length) return undefined;
  const parameters: Record<string, string> = {};
  for (let i = 0; i < pattern.length; i++) {
    const expected = pattern[i] as string;
    const given = segments[i] as string;
    if (!isParameter(expected)) {
      if (expected !== given) return undefined;
    } else {
      const name = expected.slice(1, -1);
      // An API's name can't be an index: `/_foo/_search` is unknown, not an index called `_foo`.
      if (given === '') return undefined;
      if (name === 'index' && given.startsWith('_') && given !== '_all' && segments.length > 1) return undefined;
      parameters[name] = given;
    }
  }
  return parameters;
}
