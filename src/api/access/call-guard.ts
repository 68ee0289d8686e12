/**
 * Refuses requests that a web page could have sent. A browser sends a page's requests to any address, and DNS rebinding
 * lets the page read the answers. The page can hide neither its own origin nor the host name that it used.
 */
import { type IncomingMessage } from 'node:http';
import { type RequestHandler } from 'express';
import { SnapkeepError } from '../../contracts/errors';
import { hasBody, isRead } from '../http/request-kind';
import { type CallName, covers, isLoopback, parseCallName, parseOrigin } from './call-name';

/** Names by which the front door may be called. */
export interface CallNames {
  /** Host name or address on which the front door listens. */
  readonly host: string;
  /** Patterns of further names, as {@link covers} accepts them. */
  readonly allowedHosts: readonly string[];
}

/** Content types that a browser sends to any site without a preflight request. */
const FORM_TYPE = /^\s*(text\/plain|application\/x-www-form-urlencoded|multipart\/form-data)\s*(;|,|$)/i;
/** Addresses that mean listening on all interfaces. Callers cannot use them as names. */
const ANY_ADDRESS = new Set(['0.0.0.0', '::']);

/**
 * Returns a handler that lets a request pass only when no foreign page can have sent it.
 * The handler throws `request_forbidden` when the request names another host or comes from a foreign page. It throws
 * `media_type_header_exception` when a change has a content type that any page can send.
 */
export function callGuard(names: CallNames): RequestHandler {
  return (request, _response, next) => {
    checkHost(request, names);
    if (!isRead(request.method)) {
      checkOrigin(request, names);
      checkType(request);
    }
    next();
  };
}

/**
 * Throws unless the request names this front door. The port is not compared, because a page cannot choose it apart from
 * the name, and because port forwarding changes it.
 */
function checkHost(request: IncomingMessage, { host, allowedHosts }: CallNames): void {
  const given = request.headers.host;
  // Health checks of load balancers use HTTP/1.0 without a host. Browsers always name the host.
  if (given === undefined && isRead(request.method)) return;
  const called = parseCallName(given ?? '');
  if (called !== undefined) {
    if (isLoopback(called.name) || isOwnAddress(called, request)) return;
    if (called.name === host.toLowerCase() && !ANY_ADDRESS.has(host)) return;
    if (allowedHosts.some((pattern) => covers(pattern, called))) return;
  }
  throw forbidden(`header [Host] names [${shown(given)}], which this front door is not called by`);
}

/**
 * Returns whether the caller used the address that it reached. Unlike a name, an address cannot be pointed
 * at another machine.
 */
function isOwnAddress({ name }: CallName, { socket }: IncomingMessage): boolean {
  return socket.localAddress?.replace(/^::ffff:/, '') === name && !ANY_ADDRESS.has(name);
}

function checkOrigin({ headers }: IncomingMessage, { allowedHosts }: CallNames): void {
  const { origin, host } = headers;
  const site = headers['sec-fetch-site'];
  if (origin === undefined) {
    if (site === undefined || site === 'same-origin' || site === 'none') return;
    throw forbidden(`header [Sec-Fetch-Site] says [${shown(String(site))}]: a page of another site sent the request`);
  }
  const page = parseOrigin(origin);
  if (page !== undefined && (isSame(page, host) || allowedHosts.some((pattern) => covers(pattern, page)))) return;
  throw forbidden(`header [Origin] names [${shown(origin)}]: a page of another site sent the request`);
}

function isSame(page: CallName, host: string | undefined): boolean {
  const called = parseCallName(host ?? '');
  return called !== undefined && called.name === page.name && (called.port ?? '') === (page.port ?? '');
}

/** Throws for a form's content type. A body without a type passes when no page is named, and the cluster decides. */
function checkType(request: IncomingMessage): void {
  if (!hasBody(request)) return;
  const { headers } = request;
  const type = headers['content-type'];
  if (type === undefined ? headers.origin === undefined : !FORM_TYPE.test(type)) return;
  throw new SnapkeepError(
    'media_type_header_exception',
    `Content-Type header [${shown(type)}] is not supported; send [application/json], or the type of the body`,
  );
}

function forbidden(reason: string): SnapkeepError {
  return new SnapkeepError(
    'request_forbidden',
    `${reason}; where it is right, name the host in SNAPKEEP_ALLOWED_HOSTS`,
  );
}

function shown(value: string | undefined): string {
  return (value ?? '').slice(0, 200);
}
