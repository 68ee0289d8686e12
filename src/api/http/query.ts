import { type Request } from 'express';

type WithUrl = Pick<Request, 'originalUrl'>;

/**
 * Returns the parameters of a request by name. Of several values the last one counts. Blanks around names and values
 * are removed, because documentation with `? wait_for_completion=true` has been copied for years.
 */
export function queryOf(request: WithUrl): Map<string, string> {
  const at = request.originalUrl.indexOf('?');
  if (at < 0) return new Map();
  const pairs = [...new URLSearchParams(request.originalUrl.slice(at + 1))];
  return new Map(pairs.map(([name, value]) => [name.trim(), value.trim()]));
}

/** Returns whether a switch that every request accepts is on. Any value but `false` switches it on. */
export function isSwitchedOn(request: WithUrl, name: 'human' | 'pretty'): boolean {
  const value = queryOf(request).get(name);
  return value !== undefined && value !== 'false';
}
