/** Checks the versions that requests name in their media types, as Elasticsearch does. */
import { type IncomingMessage } from 'node:http';
import { type AnswerDialect } from '../../cluster/dialect/answers';
import { SnapkeepError } from '../../contracts/errors';
import { hasBody } from './request-kind';

const VERSIONED = /^\s*application\/vnd\.elasticsearch\+[\w-]+\s*;\s*compatible-with=(\d+)\s*$/i;
const VENDOR = /^\s*application\/vnd\.elasticsearch\+/i;

/**
 * Throws `media_type_version_exception` when `Accept` or the type of the body names a version that the cluster does not
 * have, or only one of them names one. Throws `media_type_header_exception` for a body in a form of Elasticsearch when
 * the cluster is another product.
 */
export function checkMediaTypes(
  request: Pick<IncomingMessage, 'headers'>,
  { compatibleVersions, product }: AnswerDialect,
): void {
  const { accept } = request.headers;
  const type = hasBody(request) ? request.headers['content-type'] : undefined;
  if (compatibleVersions.length === 0) {
    if (product === 'elasticsearch' || !VENDOR.test(type ?? '')) return;
    throw new SnapkeepError('media_type_header_exception', `Content-Type header [${type}] is not supported`);
  }
  for (const [header, value] of Object.entries({ Accept: accept, 'Content-Type': type })) {
    const version = VERSIONED.exec(value ?? '')?.[1];
    if (version === undefined || compatibleVersions.includes(Number(version))) continue;
    const allowed = compatibleVersions.join(' or ');
    throw invalid(`${header} version must be either version ${allowed}, but found ${version}. ${header}=${value}`);
  }
  if (type !== undefined && VERSIONED.test(type) !== VERSIONED.test(accept ?? '')) {
    throw invalid(
      `A compatible version is required on both Content-Type and Accept headers if either one has requested a compatible version. Accept=${accept ?? null}, Content-Type=${type}`,
    );
  }
}

function invalid(why: string): SnapkeepError {
  return new SnapkeepError(
    'media_type_version_exception',
    `Invalid media-type value on headers [Accept, Content-Type]: ${why}`,
  );
}
