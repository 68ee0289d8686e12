/**
 * Refuses what a page in somebody's browser could have sent. A browser sends requests to any address for any page, and
 * by DNS rebinding a page can even read the answers; what it can't do is hide whose page it is and which name it used.
 */
import { type IncomingMessage } from 'node:http';
import { type RequestHandler } from 'express';
import { SnapkeepError } from '../../contracts/errors';
import { hasBody, isRead } from '../http/request-kind';
import { type CallName, covers, isLoopback, parseCallName, parseOrigin } from './call-name';

export interface CallNames {
  /** What the front door listens on. */
  readonly host: string;
  /** More names it is called by, as {@link covers} takes them. */
  readonly allowedHosts: readonly string[];
}

/** Types that a page may send to anybody without asking first. */
const FORM_TYPE = /^\s*(text\/plain|application\/x-www-form-urlencoded|multipart\/form-data)\s*(;|,|$)/i;
/** Listening on all addresses is not a name that somebody calls by. */
const ANY_ADDRESS = new Set(['0.0.0.0', '::']);

/**
 * Makes a handler that throws `request_forbidden` for a request that is not for this front door or not from one of its
 * own pages, and `media_type_header_exception` for a change in a type that any page can send.
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

/** The port is not compared: a page can't choose it apart from the name, and a forwarded port is another one. */
function checkHost(request: IncomingMessage, { host, allowedHosts }: CallNames): void {
  const given = request.headers.host;
  // HTTP/1.0, as health checks of load balancers write it. Browsers always name the host.
  if (given === undefined && isRead(request.method)) return;
  const called = parseCallName(given ?? '');
  if (called !== undefined) {
    if (isLoopback(called.name) || isOwnAddress(called, request)) return;
    if (called.name === host.toLowerCase() && !ANY_ADDRESS.has(host)) return;
    if (allowedHosts.some((pattern) => covers(pattern, called))) return;
  }
  throw forbidden(`header [Host] names [${shown(given)}], which this front door is not called by`);
}

/** An address is safe where a name is not: nobody can make it mean another machine. */
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

/** A body without any type passes where no page is named: the cluster has its own word on that. */
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
