import { type Request, type Response } from 'express';
import { answersOf } from '../../cluster/dialect/answers';
import { checkMediaTypes } from '../http/media-types';
import { type Upstream } from './upstream';

/**
 * Prepares an answer of Snapkeep's own to look like the cluster's: clients refuse a server without its product header,
 * and every product has its own content type of JSON. Throws `media_type_version_exception` when the caller asks for
 * the form of a version that the cluster does not have.
 */
export async function answerAsCluster(request: Request, response: Response, upstream: Upstream): Promise<void> {
  const dialect = answersOf(await upstream.kindFor(request));
  response.locals.answers = dialect;
  showProduct(response, upstream);
  checkMediaTypes(request, dialect);
}

/** Adds the product header that the cluster is known by, if there is one. */
export function showProduct(response: Response, { productHeader }: Upstream): void {
  if (productHeader !== undefined && !response.headersSent) response.setHeader('X-Elastic-Product', productHeader);
}
