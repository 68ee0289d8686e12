import { type OssRequest } from './oss-request';
import { type Bucket } from './storage/bucket';

/** What the server is, for the routes. */
export interface OssService {
  /** Such as `oss-cn-hangzhou`. */
  readonly region: string;
  readonly buckets: ReadonlyMap<string, Bucket>;
  /** Largest body of a put or a part, in bytes. */
  readonly maxObjectBytes: number;
}

/** A request that is authorized and names an existing bucket. */
export interface BucketContext {
  readonly service: OssService;
  readonly request: OssRequest;
  readonly bucket: Bucket;
}

/** The one owner of everything. */
export const OWNER = { ID: '1000000000000000', DisplayName: '1000000000000000' };
