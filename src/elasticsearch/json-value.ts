/** JSON text that is printed unchanged, so that a caller gets back byte for byte what it sent. */
export class RawJson {
  constructor(readonly text: string) {}
}

/** A value that `printJson` can print. */
export type Json = string | number | boolean | null | undefined | RawJson | readonly Json[] | JsonObject;

/** A JSON object; members that are undefined are not printed. */
export interface JsonObject {
  readonly [name: string]: Json;
}
