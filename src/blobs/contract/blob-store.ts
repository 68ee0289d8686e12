/** An object in a listing. */
export interface BlobInfo {
  /** Key relative to the store's base path, parts separated by `/`. */
  readonly key: string;
  /** Stored length in bytes. */
  readonly length: number;
}

/** Options of every call. */
export interface BlobCallOptions {
  /** Ends the call at once, with the reason of the signal. */
  readonly signal?: AbortSignal;
}

/**
 * The storage contract that the repository format depends on. The suite test/blobs/blob-store-contract.ts tests every
 * implementation.
 *
 * - **Keys** are relative to the base path of the store: parts of `[A-Za-z0-9._-]+` separated by `/`, none of them `.`
 *   or `..`. Any other key throws `illegal_argument_exception`.
 * - **Atomic**: a reader sees the whole object or none. A failed or interrupted put leaves the key as it was, or the
 *   whole new object.
 * - **Read after write**: once put, putIfAbsent or delete has returned, every later get and list of any client shows
 *   its effect.
 * - **Durable**: once put or putIfAbsent has returned, the object survives a crash of the store.
 * - **Errors** are SnapkeepErrors:
 *   - `blob_missing`: get of a key without an object
 *   - `blob_exists`: putIfAbsent of a key with an object
 *   - `store_access_denied`, `store_bucket_missing`
 *   - `store_rejected`: any other permanent refusal
 *   - `store_unavailable`: may succeed later (5xx, 429, connection, time-out)
 *   - `store_integrity`: the bytes arrived damaged
 *
 *   No message, detail or cause holds a credential, a header or a signed URL.
 * - **Retries** are left to wrappers/retrying.ts: a store makes one attempt per call.
 * - **Foreign objects** under the base path whose names are not keys (a console's folder markers) are never listed.
 */
export interface BlobStore {
  /** Says where the store is, for messages: `oss://bucket/base_path` or `file:///…`. Holds no credential. */
  readonly description: string;

  /** Writes the object and replaces an existing one. Verifies the stored bytes (Content-MD5, or reading back). */
  put(key: string, body: Buffer, options?: BlobCallOptions): Promise<void>;

  /**
   * Writes the object only if the key has none. At most one of any number of concurrent callers succeeds; the others
   * get `blob_exists`. A caller whose earlier attempt may have succeeded has to compare the bytes.
   */
  putIfAbsent(key: string, body: Buffer, options?: BlobCallOptions): Promise<void>;

  /** Reads the whole object. Throws `store_rejected` when it is longer than `maxBytes`, which bounds the memory. */
  get(key: string, options?: BlobCallOptions & { maxBytes?: number }): Promise<Buffer>;

  /**
   * Lists every object whose key starts with `prefix`, in the byte order of keys, page by page. `prefix` is a plain
   * string prefix, and '' lists all. `after` leaves out the keys up to and including it, so that an interrupted listing
   * can continue.
   */
  list(prefix: string, options?: BlobCallOptions & { after?: string }): AsyncIterable<BlobInfo>;

  /** Deletes the objects. Ignores keys without an object, so the call can be repeated. */
  delete(keys: readonly string[], options?: BlobCallOptions): Promise<void>;

  /**
   * Checks that a repository may lie here: the bucket or folder exists, the credentials work, objects can be read at
   * once (storage class is not Archive, ColdArchive or DeepColdArchive), and put-if-absent works (no versioning).
   * Throws a SnapkeepError with the reason, the bucket or folder, and the way out.
   */
  checkUsable(options?: BlobCallOptions): Promise<void>;

  /** Closes the sockets. The store must not be used afterwards. */
  close(): Promise<void>;
}
