/** One object as a listing shows it. */
export interface BlobInfo {
  /** Key relative to the store's base path, parts separated by `/`. */
  readonly key: string;
  /** Stored length in bytes. */
  readonly length: number;
}

/** What every call takes: a signal that ends it at once with the signal's reason. */
export interface BlobCallOptions {
  readonly signal?: AbortSignal;
}

/**
 * The storage contract that the repository format stands on. One suite (test/blobs/blob-store-contract.ts) holds
 * every implementation to it.
 *
 * - **Keys** are relative to the base path of the store, `/`-separated, each part matching `[A-Za-z0-9._-]+` and none
 *   being `.` or `..`; anything else is an `illegal_argument_exception`.
 * - **Atomic**: a reader sees the whole object or none; a failed or interrupted put leaves no object.
 * - **Read after write**: once put, delete or an absent-put has returned, every later get and list of any client
 *   shows it.
 * - **Durable**: once put has returned, the object survives a crash of the store.
 * - **Errors** are SnapkeepErrors: `blob_missing` (get of no object), `blob_exists` (putIfAbsent),
 *   `store_access_denied`, `store_bucket_missing`, `store_rejected` (any other permanent no), `store_unavailable`
 *   (may succeed later: 5xx, 429, connection, time-out), `store_integrity` (bytes arrived damaged). A store itself
 *   never retries; `retrying.ts` is the one layer that does. No message, detail or cause holds a credential, a header
 *   or a signed URL.
 * - **Foreign objects** under the base path whose names are no keys (a console's folder markers) are never listed.
 */
export interface BlobStore {
  /** Where the store is, for people: `oss://bucket/base_path` or `file:///…`. Never a credential. */
  readonly description: string;

  /** Writes the object, replacing what is there. The stored bytes are verified (Content-MD5, or read back). */
  put(key: string, body: Buffer, options?: BlobCallOptions): Promise<void>;

  /**
   * Writes the object only if the key holds none; of any number of concurrent callers at most one succeeds, the others
   * get `blob_exists`. A caller that cannot know whether an earlier try of its own succeeded compares the bytes.
   */
  putIfAbsent(key: string, body: Buffer, options?: BlobCallOptions): Promise<void>;

  /** The whole object. `maxBytes` bounds what is held in memory: a longer object is `store_rejected`. */
  get(key: string, options?: BlobCallOptions & { maxBytes?: number }): Promise<Buffer>;

  /**
   * Every object whose key starts with `prefix` (a plain string prefix; '' is all), in the byte order of keys, page by
   * page. `after` leaves out the keys up to and including it, so that a long listing can go on where it stopped.
   */
  list(prefix: string, options?: BlobCallOptions & { after?: string }): AsyncIterable<BlobInfo>;

  /** Deletes the objects; keys that hold none are no error. Repeating it is harmless. */
  delete(keys: readonly string[], options?: BlobCallOptions): Promise<void>;

  /**
   * Whether a repository may lie here: the bucket or folder exists, the credentials work, the storage class can be
   * read at once (not Archive, ColdArchive or DeepColdArchive), and put-if-absent has effect (no versioning).
   * Throws the reason as a SnapkeepError that names the bucket or folder and the way out.
   */
  checkUsable(options?: BlobCallOptions): Promise<void>;

  /** Lets go of sockets. The store is not used afterwards. */
  close(): Promise<void>;
}
