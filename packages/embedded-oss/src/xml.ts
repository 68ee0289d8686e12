import { XMLParser } from 'fast-xml-parser';
import { OssError } from './oss-error';

/** An element's content: text, elements by name, or several elements of one name. Undefined leaves it out. */
type XmlValue = string | number | boolean | undefined | XmlElement | readonly XmlValue[];
export interface XmlElement {
  readonly [name: string]: XmlValue;
}

/** Prints the document with one root element. */
export function xmlDocument(root: string, content: XmlElement): Buffer {
  return Buffer.from(`<?xml version="1.0" encoding="UTF-8"?>\n${element(root, content)}\n`, 'utf8');
}

function element(name: string, value: XmlValue): string {
  if (value === undefined) return '';
  if (isList(value)) return value.map((one) => element(name, one)).join('');
  if (typeof value !== 'object') return `<${name}>${escapeText(String(value))}</${name}>`;
  const inner = Object.entries(value).map(([child, content]) => element(child, content));
  return `<${name}>${inner.join('')}</${name}>`;
}

function isList(value: XmlValue): value is readonly XmlValue[] {
  return Array.isArray(value);
}

const ESCAPES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&apos;' };

function escapeText(text: string): string {
  // Most control characters stand in no XML 1.0 document: a client that has such keys lists with encoding-type=url.
  return text.replace(/[&<>"'\p{Cc}]/gu, (char) => ESCAPES[char] ?? `&#${char.charCodeAt(0)};`);
}

const parser = new XMLParser({
  ignoreAttributes: true,
  parseTagValue: false,
  trimValues: false,
  htmlEntities: true,
  processEntities: { enabled: true, maxTotalExpansions: 1_000_000, maxExpandedLength: 16 * 1024 * 1024 },
});

/** A parsed element: text, or children. */
type ParsedXml = string | { readonly [name: string]: ParsedXml | readonly ParsedXml[] | undefined };

/** Returns the content of the one root element `root`; throws MalformedXML for anything else. */
export function parseXml(body: Buffer, root: string): ParsedXml {
  let parsed: Record<string, ParsedXml>;
  try {
    parsed = parser.parse(body, true) as Record<string, ParsedXml>;
  } catch {
    throw new OssError('MalformedXML');
  }
  if (!Object.hasOwn(parsed, root)) throw new OssError('MalformedXML');
  return parsed[root]!;
}

/** Returns the children of that name, none, one or many. */
export function children(parent: ParsedXml, name: string): readonly ParsedXml[] {
  if (typeof parent === 'string') return [];
  const found = parent[name];
  if (found === undefined) return [];
  return Array.isArray(found) ? (found as readonly ParsedXml[]) : [found as ParsedXml];
}

/** Returns the text of the one child of that name; undefined if there is none. */
export function childText(parent: ParsedXml, name: string): string | undefined {
  const found = children(parent, name);
  if (found.length === 0) return undefined;
  if (found.length > 1 || typeof found[0] !== 'string') throw new OssError('MalformedXML');
  return found[0];
}
