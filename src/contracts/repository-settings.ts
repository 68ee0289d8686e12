/** The types of repository that can be registered. */
export type RepositoryType = 'oss' | 'fs';

/**
 * Settings of an `oss` repository after validation, as the Alibaba plugin names them. Sizes in bytes.
 * Secrets are in {@link RepositorySecrets}, never here.
 */
export interface OssSettings {
  readonly type: 'oss';
  /** `http(s)://host[:port]`; the host is one that SNAPKEEP_ALLOWED_ENDPOINTS admits. */
  readonly endpoint: string;
  readonly bucket: string;
  /** Key prefix without leading or trailing `/`; '' is the bucket's root. */
  readonly basePath: string;
  /** Region for V4 signatures, such as `oss-cn-hangzhou`; unset: taken from the endpoint, else V1 signatures. */
  readonly region?: string;
}

/** Settings of an `fs` repository after validation. */
export interface FsSettings {
  readonly type: 'fs';
  /** Absolute folder, inside one of the roots of SNAPKEEP_PATH_REPO. */
  readonly location: string;
}

export type StoreSettings = OssSettings | FsSettings;

/** Credentials of an `oss` repository. They leave the process only sealed (src/contracts is types; see jobs/seal). */
export interface RepositorySecrets {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** STS token that goes with temporary keys. */
  readonly securityToken?: string;
}

/** Settings that say how a repository is written, whatever store it lies in. */
export interface WriteSettings {
  /** Largest object in bytes; a segment that would exceed it is written as parts. */
  readonly chunkSizeBytes: number;
  /** `false` stores segments and metadata plain. */
  readonly compress: boolean;
  /** Bytes a second written by snapshots of one worker; unset: no limit. */
  readonly maxSnapshotBytesPerSec?: number;
  /** Bytes a second read by restores of one worker; unset: no limit. */
  readonly maxRestoreBytesPerSec?: number;
  readonly readonly: boolean;
}
