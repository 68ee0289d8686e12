/** What of a request says who sends it. Pure. */
import { createHmac, randomBytes } from 'node:crypto';
import { forwardedHeaders } from './forwarded-headers';

/** Headers about the message, which another message in the caller's name must not carry. */
const MESSAGE = /^(accept|accept-.*|content-.*|if-.*|range|origin|referer|sec-.*|access-control-.*)$/i;
/** Headers that differ from request to request of one caller and never decide what it may do. */
const INCIDENTAL =
  /^(user-agent|x-opaque-id|traceparent|tracestate|elastic-apm-traceparent|x-elastic-client-meta|date|cache-control|pragma|priority)$/i;

const key = randomBytes(32);

/**
 * Returns the headers with which a question is asked in the caller's name. Everything but what describes the message
 * is kept: API keys, users to run as, and what else a cluster may know callers by.
 */
export function callerHeaders(rawHeaders: readonly string[]): string[] {
  return pairs(forwardedHeaders(rawHeaders, undefined), (name) => !MESSAGE.test(name)).flat();
}

/** Returns a keyed digest of the credentials in {@link callerHeaders}: equal for equal callers, and useless elsewhere. */
export function callerDigest(headers: readonly string[]): string {
  const identity = pairs(headers, (name) => !INCIDENTAL.test(name)).map(([name, value]) => [name.toLowerCase(), value]);
  return createHmac('sha256', key).update(JSON.stringify(identity)).digest('base64');
}

function pairs(raw: readonly string[], isWanted: (name: string) => boolean): [string, string][] {
  const result: [string, string][] = [];
  for (let i = 0; i + 1 < raw.length; i += 2) if (isWanted(raw[i])) result.push([raw[i], raw[i + 1]]);
  return result;
}
