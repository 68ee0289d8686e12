/** Documents that are changed by tools which parse JSON and print it again. */
import { type DemoDocument } from './documents';

interface Tricky extends DemoDocument {
  /** The peculiarity of the document. */
  readonly about: string;
}

const tricky = (about: string, id: string, source: string, more: Partial<DemoDocument> = {}): Tricky => ({
  index: 'tricky',
  id,
  source: Buffer.from(source, 'utf8'),
  about,
  ...more,
});

export const TRICKY: readonly Tricky[] = [
  tricky('64-bit integers', 'long', '{"max":9223372036854775807,"min":-9223372036854775808}'),
  tricky(
    '1.0 is not 1',
    'decimal',
    '{"price":1.0,"rate":0.10,"large":1E5,"exact":0.1000000000000000055511151231257827}',
  ),
  tricky('order of keys', 'order', '{"z":1,"10":2,"a":3,"2":4}'),
  tricky(
    'escaped beside raw Unicode',
    'unicode',
    '{"escaped":"Z\\u00fcrich","raw":"Zürich","pair":"\\ud83c\\udfd4","emoji":"🏔","slash":"a\\/b"}',
  ),
  tricky('spaces inside', 'spaces', '{ "list" : [ 1 ,2,  3 ] ,\t"empty":{ } }'),
  tricky('braces and quotes in strings', 'quotes', '{"text":"}{\\"_source\\":{\\\\\\"},\\n\\t]","nothing":null}'),
  tricky('an id that needs escaping, routed', 'żółć/1 ?#"\\', '{"id":"żółć"}', { routing: 'a b/ü' }),
  tricky('a version of its own', 'versioned', '{"version":41}', { version: 41 }),
  tricky('nothing at all', 'empty', '{}'),
];
