/** One call of the store on its way through ali-oss, which passes it to the transport as `ctx`. */
export interface OssCall {
  readonly signal?: AbortSignal;
  /** Longest acceptable answer of status 2xx, in bytes. */
  readonly maxBytes?: number;
  /** MD5 (base64) of the answer's body, computed while it arrives. */
  md5?: string;
  /** Why the transport failed. ali-oss replaces every error by one of its own that no longer tells. */
  failure?: unknown;
  /** The body of an answer of another status than 2xx: ali-oss parses it but drops parts, such as the endpoint to use. */
  errorBody?: string;
}
