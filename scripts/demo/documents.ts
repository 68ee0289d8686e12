/** One document as the demo sends it. */
export interface DemoDocument {
  readonly index: string;
  readonly id: string;
  readonly routing?: string;
  /** With `external` versioning, where given. */
  readonly version?: number;
  /** `_source`, exactly these bytes. */
  readonly source: Buffer;
}

/** The two lines of a `_bulk` body that index `document`. */
export function bulkLines({ index, id, routing, version, source }: DemoDocument): Buffer {
  const action = { _index: index, _id: id, routing, ...(version && { version, version_type: 'external' }) };
  return Buffer.concat([Buffer.from(`${JSON.stringify({ index: action })}\n`), source, Buffer.from('\n')]);
}

/** The line of a `_bulk` body that deletes a document. */
export function deleteLine({ index, id, routing }: DemoDocument): Buffer {
  return Buffer.from(`${JSON.stringify({ delete: { _index: index, _id: id, routing } })}\n`);
}
