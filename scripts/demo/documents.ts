/** One document as the demo sends it. */
export interface DemoDocument {
  readonly index: string;
  readonly id: string;
  readonly routing?: string;
  /** If set, the document is indexed with `external` versioning. */
  readonly version?: number;
  /** `_source`, exactly these bytes. */
  readonly source: Buffer;
}

/** Returns the two lines of a `_bulk` body that index `document`. */
export function bulkLines({ index, id, routing, version, source }: DemoDocument): Buffer {
  const action = { _index: index, _id: id, routing, ...(version && { version, version_type: 'external' }) };
  return Buffer.concat([Buffer.from(`${JSON.stringify({ index: action })}\n`), source, Buffer.from('\n')]);
}

/** Returns the line of a `_bulk` body that deletes a document. */
export function deleteLine({ index, id, routing }: DemoDocument): Buffer {
  return Buffer.from(`${JSON.stringify({ delete: { _index: index, _id: id, routing } })}\n`);
}
