/**
 * What the engines answer for lists of snapshot names, asked of OpenSearch 3.8 and Elasticsearch 8.19 (test/engines
 * asks them again). Names ascending, or which name is missing.
 */
export const LIST_NAMES = ['a', 'b', 'c-1', '-b'] as const;

const ALL = ['-b', 'a', 'b', 'c-1'];

export type ListOutcome = readonly [list: string, outcome: readonly string[] | string];

/** `DELETE /_snapshot/r/{list}`, the same in both. */
export const DELETE_LISTS: readonly ListOutcome[] = [
  ['a,-b', ['-b', 'a']],
  ['b,-b', ['-b', 'b']],
  ['-b', ['-b']],
  ['-b,a', ['-b', 'a']],
  ['*', ALL],
  ['*,-b', ALL],
  ['*,-c*', ALL],
  ['*,-c-1', '-c-1 is missing'],
  ['_all', '_all is missing'],
  ['_all,-b', '_all is missing'],
  ['a,_all', '_all is missing'],
  ['_current', '_current is missing'],
  ['a,missing', 'missing is missing'],
  ['*,missing', 'missing is missing'],
  ['miss*', []],
  ['a,miss*', ['a']],
  ['a*,b', ['a', 'b']],
  ['a,a', ['a']],
  ['-*', ['-b']],
  ['a*,-a', '-a is missing'],
  ['a,b,-a', '-a is missing'],
  ['c-1,a,-c*', ['a', 'c-1']],
  ['*-1', ['c-1']],
  ['+a', '+a is missing'],
];

/** `GET /_snapshot/r/{list}` in Elasticsearch 8; OpenSearch takes `-x` for a name here too. */
export const SHOW_LISTS: readonly ListOutcome[] = [
  ['a,-b', ['-b', 'a']],
  ['b,-b', ['-b', 'b']],
  ['-b,a', ['-b', 'a']],
  ['_all', ALL],
  ['*', ALL],
  ['*,-c-1', ['-b', 'a', 'b']],
  ['*,-b', ['-b', 'a', 'c-1']],
  ['*,--b', ['a', 'b', 'c-1']],
  ['*,-c*', ['-b', 'a', 'b']],
  ['*,-missing', ALL],
  ['*,missing', 'missing is missing'],
  ['a,missing', 'missing is missing'],
  ['miss*', []],
  ['a,miss*', ['a']],
  ['_all,a', '_all is missing'],
  ['a,_all', '_all is missing'],
  ['_all,-b', '_all is missing'],
  ['a,b,-a', '-a is missing'],
  ['a*,-a', []],
  ['a,*,-a', ['-b', 'b', 'c-1']],
  ['c-1,a,-c*', ['a', 'c-1']],
  ['-c*,*', ALL],
  ['-*', ['-b']],
  ['*-1', ['c-1']],
];

/** `GET /_snapshot/r/{list}/_status`, the same in both. */
export const STATUS_LISTS: readonly ListOutcome[] = [
  ['a,-b', ['-b', 'a']],
  ['b', ['b']],
  ['*', '* is missing'],
  ['a,miss*', 'miss* is missing'],
  ['a,_all', '_all is missing'],
  ['a,missing', 'missing is missing'],
];
