import { type BucketContext } from '../context';
import { OssError } from '../oss-error';
import { emptyReply, type Reply } from '../reply';
import { getAcl, getBucketInfo, getBucketLocation, getBucketVersioning } from './bucket-info';
import { deleteMultipleObjects, deleteObject } from './delete-object';
import { getObject, headObject } from './get-object';
import { listObjects } from './list-objects';
import { abortUpload, completeUpload, initiateUpload, listParts, listUploads, uploadPart } from './multipart';
import { copyObject, putObject } from './put-object';

type Handler = (context: BucketContext) => Reply | Promise<Reply>;

/** Operation of a bucket by method and sub-resource ('' : none). */
const BUCKET_ROUTES: Record<string, Handler> = {
  'GET ': listObjects,
  'GET bucketInfo': getBucketInfo,
  'GET location': getBucketLocation,
  'GET acl': getAcl,
  'GET versioning': getBucketVersioning,
  'GET uploads': listUploads,
  'POST delete': deleteMultipleObjects,
  'HEAD ': () => emptyReply(200),
};

const OBJECT_ROUTES: Record<string, Handler> = {
  'GET ': getObject,
  'HEAD ': headObject,
  'HEAD objectMeta': headObject,
  'PUT ': putObject,
  'PUT (copy)': copyObject,
  'DELETE ': deleteObject,
  'GET acl': getAcl,
  'POST uploads': initiateUpload,
  'PUT uploadId': uploadPart,
  'GET uploadId': listParts,
  'POST uploadId': completeUpload,
  'DELETE uploadId': abortUpload,
};

/** Query parameters that belong to an operation instead of choosing one. */
const PLAIN = new Set(
  (
    'prefix marker delimiter max-keys encoding-type list-type start-after continuation-token fetch-owner partNumber ' +
    'part-number-marker max-parts max-uploads key-marker upload-id-marker response-content-type ' +
    'response-content-language response-expires response-cache-control response-content-disposition ' +
    'response-content-encoding'
  ).split(' '),
);

/** Runs the operation that a request names. Throws NotImplemented for those that this server does not know. */
export async function route(context: BucketContext): Promise<Reply> {
  const { method, key, query, headers } = context.request;
  const operations = [...query.keys()].filter((name) => !PLAIN.has(name));
  const copies = key !== '' && operations.length === 0 && headers['x-oss-copy-source'] !== undefined;
  const name = copies && method === 'PUT' ? 'PUT (copy)' : `${method} ${operations.join('&')}`;
  const routes = key === '' ? BUCKET_ROUTES : OBJECT_ROUTES;
  if (!Object.hasOwn(routes, name)) {
    throw new OssError(
      'NotImplemented',
      `The embedded OSS server has no ${name.trim()} on ${key === '' ? 'buckets' : 'objects'}.`,
    );
  }
  return routes[name]!(context);
}
