/** The headers of a request that identify its caller. Pure functions. */
import { createHmac, randomBytes } from 'node:crypto';
import { forwardedHeaders, headerPairs } from './forwarded-headers';

/** Headers that describe one message. Another message in the caller's name must not carry them. */
const MESSAGE = /^(accept|accept-.*|content-.*|if-.*|range|origin|referer|sec-.*|access-control-.*)$/i;
/** Headers that change between requests of one caller and never decide what the caller may do. */
const INCIDENTAL =
  /^(user-agent|x-opaque-id|traceparent|tracestate|elastic-apm-traceparent|x-elastic-client-meta|date|cache-control|pragma|priority)$/i;

const key = randomBytes(32);

/**
 * Returns the headers of a question in the caller's name. Only headers that describe the message are left out,
 * because a cluster may know callers by any other: API keys, users to run as, and more.
 */
export function callerHeaders(rawHeaders: readonly string[]): string[] {
  return headerPairs(forwardedHeaders(rawHeaders, undefined))
    .filter(([name]) => !MESSAGE.test(name))
    .flat();
}

/** Returns a keyed digest of {@link callerHeaders}: equal for equal callers, and useless outside this process. */
export function callerDigest(headers: readonly string[]): string {
  const identity = headerPairs(headers)
    .filter(([name]) => !INCIDENTAL.test(name))
    .map(([name, value]) => [name.toLowerCase(), value]);
  return createHmac('sha256', key).update(JSON.stringify(identity)).digest('base64');
}
