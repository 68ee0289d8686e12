/** JSON text that is printed as it is: what a caller gave comes back byte for byte. */
export class RawJson {
  constructor(readonly text: string) {}
}

export type Json = string | number | boolean | null | undefined | RawJson | readonly Json[] | JsonObject;
export interface JsonObject {
  readonly [name: string]: Json;
}
