import { Random } from './random';

/**
 * Generates log documents as a web service writes them, about 420 bytes of JSON each. Number and revision alone
 * determine a document, so that any of them can be generated again, in any order, without keeping them.
 */
export const LOG_MAPPINGS = {
  properties: {
    '@timestamp': { type: 'date' },
    level: { type: 'keyword' },
    service: { type: 'keyword' },
    host: { type: 'keyword' },
    trace_id: { type: 'keyword' },
    client_ip: { type: 'ip' },
    method: { type: 'keyword' },
    path: { type: 'keyword' },
    status: { type: 'short' },
    bytes: { type: 'long' },
    duration_ms: { type: 'double' },
    user_agent: { type: 'keyword' },
    message: { type: 'text' },
  },
};

const START_MILLIS = Date.UTC(2026, 0, 1);
const LEVELS = ['INFO', 'INFO', 'INFO', 'INFO', 'INFO', 'INFO', 'DEBUG', 'DEBUG', 'WARN', 'ERROR'];
const SERVICES = ['checkout', 'catalog', 'search', 'payments', 'accounts', 'shipping', 'gateway', 'recommendations'];
const METHODS = ['GET', 'GET', 'GET', 'GET', 'POST', 'PUT', 'DELETE'];
const RESOURCES = ['orders', 'items', 'carts', 'customers', 'invoices', 'shipments', 'reviews', 'sessions'];
const STATUSES = [200, 200, 200, 200, 200, 201, 204, 301, 304, 400, 401, 404, 409, 500, 503];
const AGENTS = [
  'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/126.0 Safari/537.36',
  'Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148',
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:127.0) Gecko/20100101 Firefox/127.0',
  'okhttp/4.12.0',
  'curl/8.5.0',
];
const EVENTS = [
  'request completed',
  'upstream answered after retry',
  'cache miss, loaded from database',
  'validated the token of customer',
  'published event to topic orders.changed',
  'slow query on table line_items',
  'connection to inventory was reset by peer',
  'rate limit applied to client',
];

/** Returns the `_source` of document `number`; each `revision` is another state of the same document. */
export function logSource(number: number, revision = 0): string {
  const random = new Random(Math.imul(number, 0x9e3779b1) ^ Math.imul(revision + 1, 0x85ebca6b));
  const service = random.pick(SERVICES);
  const method = random.pick(METHODS);
  const path = `/api/v2/${random.pick(RESOURCES)}/${random.below(1_000_000)}`;
  const status = random.pick(STATUSES);
  const duration = random.below(250_000) / 100;
  return JSON.stringify({
    '@timestamp': new Date(START_MILLIS + number * 37 + random.below(30)).toISOString(),
    level: random.pick(LEVELS),
    service,
    host: `${service}-${random.below(12)}.eu-1.internal`,
    trace_id: random.hex(32),
    client_ip: `10.${random.below(32)}.${random.below(256)}.${random.below(256)}`,
    method,
    path,
    status,
    bytes: random.below(60_000),
    duration_ms: duration,
    user_agent: random.pick(AGENTS),
    message: `${method} ${path} ${status} in ${duration} ms: ${random.pick(EVENTS)} ${random.below(100_000)}`,
  });
}

/**
 * Returns the id of document `number`, in the layout of the cluster's generated ids (sequence, time, node address). Log
 * documents usually have those, and they compress far better than random ids.
 */
export function logId(number: number): string {
  const time = START_MILLIS + Math.floor(number / 20);
  const bytes = Buffer.alloc(15);
  const timeByte = (shift: number): number => Math.floor(time / 2 ** shift) & 0xff;
  bytes.set([number & 0xff, (number >>> 16) & 0xff, timeByte(16), timeByte(24), timeByte(32), timeByte(40)]);
  bytes.set([0x8a, 0x41, 0x5c, 0x0e, 0x73, 0xd2], 6);
  bytes.set([timeByte(8), (number >>> 8) & 0xff, timeByte(0)], 12);
  return bytes.toString('base64url');
}

/** Every so many documents one is measured: their lengths hardly differ. */
const SAMPLED_EVERY = 50;

/** Returns the bytes of the JSON of documents 0 to `documents` − 1, estimated from a sample. */
export function documentBytes(documents: number): number {
  let [bytes, sampled] = [0, 0];
  for (let number = 0; number < documents; number += SAMPLED_EVERY) {
    bytes += logSource(number).length;
    sampled += 1;
  }
  return (bytes / sampled) * documents;
}
