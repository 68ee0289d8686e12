/** The state of one call of a store, which its client library passes to the transport untouched. */
export interface HttpCall {
  readonly signal?: AbortSignal;
  /** Longest body accepted with a status of 2xx, in bytes. */
  readonly maxBytes?: number;
  /** MD5 (base64) of the response's body, computed while it arrives. */
  md5?: string;
  /** Failure of the transport. Kept here because a library replaces it by an error of its own without the reason. */
  failure?: unknown;
  /** Body of a response whose status is not 2xx. A library parses it but drops parts, such as the endpoint to use. */
  errorBody?: string;
}
