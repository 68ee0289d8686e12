import { wildcard } from '../metadata/resolve-indices';
import { Double, openRaw, RawJson } from '../raw-json';

/** A pattern's remaining segments; `**` stands for any number of them. */
type Pattern = readonly (RegExp | '**')[];

/** What a filter says about a member: all of it, nothing of it, or a filter for what is inside. */
export type Step = 'all' | 'none' | FilterPath;

/** Patterns after one more key: `full` if one of them ends there. */
function advance(patterns: readonly Pattern[], key: string): { full: boolean; next: Pattern[] } {
  const next: Pattern[] = [];
  let full = false;
  const take = (pattern: Pattern): void => {
    const [head, ...rest] = pattern;
    if (head === undefined) return;
    if (head === '**') {
      if (rest.length === 0) full = true;
      next.push(pattern);
      take(rest);
    } else if (head.test(key)) {
      if (rest.length === 0) full = true;
      else next.push(rest);
    }
  };
  patterns.forEach(take);
  return { full, next };
}

/**
 * Selects the parts of an answer to send, as Elasticsearch's `filter_path` does. `a.b` includes, `-a.b` excludes, `*`
 * stands for a part of a key, `**` for any keys. Lists are looked through.
 */
export class FilterPath {
  private constructor(
    private readonly includes: readonly Pattern[] | 'everything',
    private readonly excludes: readonly Pattern[],
  ) {}

  /** Undefined where there is nothing to filter. */
  static parse(parameter: string | undefined): FilterPath | undefined {
    const given = (parameter ?? '').split(',').filter((path) => path !== '');
    if (given.length === 0) return undefined;
    const compile = (path: string): Pattern =>
      path.split('.').map((segment) => (segment === '**' ? '**' : wildcard(segment)));
    const excludes = given.filter((path) => path.startsWith('-')).map((path) => compile(path.slice(1)));
    const includes = given.filter((path) => !path.startsWith('-')).map(compile);
    return new FilterPath(includes.length === 0 ? 'everything' : includes, excludes);
  }

  /** Whether what is left empty is left out: so it is unless everything but the excluded parts is wanted. */
  get dropsEmpty(): boolean {
    return this.includes !== 'everything';
  }

  step(key: string): Step {
    const excluded = advance(this.excludes, key);
    if (excluded.full) return 'none';
    let includes: readonly Pattern[] | 'everything' = 'everything';
    if (this.includes !== 'everything') {
      const included = advance(this.includes, key);
      if (!included.full) {
        if (included.next.length === 0) return 'none';
        includes = included.next;
      }
    }
    return includes === 'everything' && excluded.next.length === 0 ? 'all' : new FilterPath(includes, excluded.next);
  }

  /** The part of `value` that passes; undefined for nothing. */
  apply(value: unknown): unknown {
    const opened = value instanceof RawJson ? openRaw(value) : value;
    if (typeof opened !== 'object' || opened === null || opened instanceof Double) {
      return this.dropsEmpty ? undefined : value;
    }
    if (Array.isArray(opened)) {
      const kept = opened.map((element) => this.apply(element)).filter((element) => element !== undefined);
      return kept.length === 0 && this.dropsEmpty ? undefined : kept;
    }
    // Without a prototype: a member may have any name.
    const kept = Object.create(null) as Record<string, unknown>;
    for (const [key, member] of Object.entries(opened)) {
      const step = this.step(key);
      const part = step === 'all' ? member : step === 'none' ? undefined : step.apply(member);
      if (part !== undefined) kept[key] = part;
    }
    return Object.keys(kept).length === 0 && this.dropsEmpty ? undefined : kept;
  }
}
