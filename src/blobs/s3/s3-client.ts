import { createHash } from 'node:crypto';
import { S3Client } from '@aws-sdk/client-s3';
import { type HttpTransport } from '../http/http-transport';
import { S3Handler } from './s3-handler';
import { type S3Secrets, type S3Settings } from './s3-settings';

/**
 * Creates a client that sends through `transport`, one attempt per call. Reads neither environment nor files. Never log
 * the client, because it holds the secrets.
 */
export function createS3Client(
  { endpoint, region, pathStyle }: Pick<S3Settings, 'endpoint' | 'region' | 'pathStyle'>,
  { accessKey, secretKey, sessionToken }: S3Secrets,
  transport: HttpTransport,
): S3Client {
  const client = new S3Client({
    endpoint,
    region,
    forcePathStyle: pathStyle,
    credentials: { accessKeyId: accessKey, secretAccessKey: secretKey, sessionToken },
    requestHandler: new S3Handler(transport) as never,
    maxAttempts: 1,
    retryMode: 'standard',
    defaultsMode: 'standard',
    useDualstackEndpoint: false,
    useFipsEndpoint: false,
    useArnRegion: false,
    disableMultiregionAccessPoints: true,
    disableS3ExpressSessionAuth: true,
    sigv4aSigningRegionSet: [],
    authSchemePreference: [],
    userAgentAppId: 'snapkeep',
    // Not every store knows the newer checksums; Content-MD5 every store does.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    // Bodies are in memory, and a proxy that does not know the header would let the request wait.
    expectContinueHeader: false,
  });
  client.middlewareStack.add(
    (next, { commandName }) =>
      (args) => {
        if (commandName === 'DeleteObjectsCommand') {
          const { headers, body } = args.request as { headers: Record<string, string>; body: string };
          for (const name of Object.keys(headers)) {
            if (/^x-amz-(sdk-)?checksum-/i.test(name)) delete headers[name];
          }
          headers['content-md5'] = createHash('md5').update(body).digest('base64');
        }
        return next(args);
      },
    { step: 'build', priority: 'low', name: 'contentMd5OfDeleteObjects' },
  );
  return client;
}
