import OSS from 'ali-oss';
import { type Listing } from './listing';

/** Default credentials of the embedded OSS server, which holds only this demo's data. */
export const OSS_ACCOUNT = {
  bucket: 'snapshots',
  access_key_id: 'snapkeep',
  secret_access_key: 'snapkeep-secret',
  region: 'oss-cn-hangzhou',
};

/** Lists the whole bucket with the OSS SDK, without Snapkeep. */
export async function listBucket(endpoint: string): Promise<Listing> {
  const client = new OSS({
    endpoint,
    bucket: OSS_ACCOUNT.bucket,
    accessKeyId: OSS_ACCOUNT.access_key_id,
    accessKeySecret: OSS_ACCOUNT.secret_access_key,
    region: OSS_ACCOUNT.region,
    authorizationV4: true,
  } as OSS.Options);
  const objects = new Map<string, { etag: string; size: number }>();
  for (let token: string | undefined; ;) {
    const page = await client.listV2({ 'max-keys': '1000', ...(token && { 'continuation-token': token }) }, {});
    for (const { name, etag, size } of page.objects ?? []) objects.set(name, { etag, size });
    token = (page as { nextContinuationToken?: string }).nextContinuationToken || undefined;
    if (token === undefined) return objects;
  }
}
