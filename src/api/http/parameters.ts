import { type Request } from 'express';
import { SnapkeepError } from '../../contracts/errors';

/** Accepted by every request, as in Elasticsearch. */
const COMMON = ['pretty', 'human', 'error_trace', 'filter_path', 'format'];
/** Accepted by every request about snapshots; there is no master to wait for. */
const TIMEOUTS = ['master_timeout', 'cluster_manager_timeout', 'timeout'];

/** Names in a path at most; wildcards stand for any number. */
const MAX_NAMES = 1_000;

/** Throws `illegal_argument_exception` for a path that lists too many names. */
export function checkNames(url: string): void {
  const names = url.split('?', 1)[0].split(/,|%2c/i).length;
  if (names > MAX_NAMES) {
    throw illegal(`the path of the request has [${names}] names, and [${MAX_NAMES}] are the most: use wildcards`);
  }
}

/** The query of a request, checked against what the request knows. */
export class Parameters {
  private constructor(private readonly values: ReadonlyMap<string, string>) {}

  /**
   * Throws `illegal_argument_exception` for a parameter that is not in `known`. Blanks around names and values mean
   * nothing: documentation has been copied with `? wait_for_completion=true` for years.
   */
  static of(request: Request, known: readonly string[]): Parameters {
    const values = queryOf(request);
    const unknown = [...values.keys()].filter(
      (name) => !known.includes(name) && !COMMON.includes(name) && !TIMEOUTS.includes(name),
    );
    if (unknown.length > 0) {
      const shown = unknown.map((name) => `[${name}]`).join(', ');
      throw illegal(
        `request [${request.path}] contains unrecognized parameter${unknown.length > 1 ? 's' : ''}: ${shown}`,
      );
    }
    const parameters = new Parameters(values);
    for (const name of TIMEOUTS) parameters.checkTime(name);
    return parameters;
  }

  text(name: string): string | undefined {
    return this.values.get(name);
  }

  /** `?name` alone means true. */
  boolean(name: string, otherwise: boolean): boolean {
    const value = this.values.get(name);
    if (value === undefined) return otherwise;
    if (value === '' || value === 'true') return true;
    if (value === 'false') return false;
    throw illegal(`Failed to parse value [${value}] as only [true] or [false] are allowed.`);
  }

  integer(name: string, otherwise: number): number {
    const value = this.values.get(name);
    if (value === undefined) return otherwise;
    if (!/^-?\d{1,9}$/.test(value)) throw illegal(`Failed to parse int parameter [${name}] with value [${value}]`);
    return Number(value);
  }

  /** One of `allowed`. */
  choice<T extends string>(name: string, allowed: readonly T[], otherwise: T): T {
    const value = this.values.get(name);
    if (value === undefined) return otherwise;
    const found = allowed.find((one) => one === value);
    if (found === undefined) throw illegal(`unknown value [${value}] of [${name}]: one of [${allowed.join(', ')}]`);
    return found;
  }

  private checkTime(name: string): void {
    const value = this.values.get(name);
    if (value === undefined || /^(-1|0|\d+(\.\d+)?(nanos|micros|ms|s|m|h|d))$/.test(value)) return;
    throw illegal(
      `failed to parse setting [${name}] with value [${value}] as a time value: unit is missing or unrecognized`,
    );
  }
}

/** Names and values without the blanks around them; the last of several values counts. */
export function queryOf(request: Pick<Request, 'originalUrl'>): Map<string, string> {
  const at = request.originalUrl.indexOf('?');
  if (at < 0) return new Map();
  const pairs = [...new URLSearchParams(request.originalUrl.slice(at + 1))];
  return new Map(pairs.map(([name, value]) => [name.trim(), value.trim()]));
}

function illegal(message: string): SnapkeepError {
  return new SnapkeepError('illegal_argument_exception', message);
}
