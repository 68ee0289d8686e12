/** An access key that the server knows, and what signatures depend on. */
export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** If set, every request must carry it in `x-oss-security-token`, as with temporary keys. */
  readonly securityToken?: string;
  /** Such as `oss-cn-hangzhou`; V4 signatures name it without `oss-`. */
  readonly region: string;
}

/** Seconds by which a request's date may differ from the clock. */
export const MAX_SKEW_SECONDS = 15 * 60;
