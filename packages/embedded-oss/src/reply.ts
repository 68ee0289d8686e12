import { type Readable } from 'node:stream';
import { xmlDocument, type XmlElement } from './xml';

/** An answer, before it is sent. */
export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | number>>;
  /** For a stream its `Content-Length` is among the headers. */
  readonly body?: Buffer | Readable;
}

/** Returns a 200 with an XML document. */
export function xmlReply(root: string, content: XmlElement, headers: Reply['headers'] = {}): Reply {
  return { status: 200, headers: { 'Content-Type': 'application/xml', ...headers }, body: xmlDocument(root, content) };
}

/** Returns an answer without a body. */
export function emptyReply(status: number, headers: Reply['headers'] = {}): Reply {
  return { status, headers };
}
