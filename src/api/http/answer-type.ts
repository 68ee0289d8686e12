import { type IncomingMessage } from 'node:http';
import { type AnswerDialect } from '../../cluster/dialect/answers';
import { queryOf } from './query';

/** A form in which an answer can be printed. */
export interface AnswerType {
  readonly format: 'json' | 'yaml' | 'cbor';
  readonly contentType: string;
}

const ACCEPTED = /^\s*application\/(vnd\.elasticsearch\+)?(json|yaml|cbor)\s*(?:;\s*compatible-with=(\d+)\s*)?$/i;

/**
 * Returns the form that the parameter `format`, or else the `Accept` header, asks for; undefined when neither asks for
 * one that can be printed. SMILE can't be.
 */
export function askedType(
  request: IncomingMessage & { readonly originalUrl: string },
  dialect: AnswerDialect,
): AnswerType | undefined {
  const format = queryOf(request).get('format')?.toLowerCase();
  if (format === 'json' || format === 'yaml' || format === 'cbor')
    return { format, contentType: plainType(format, dialect) };
  if (format !== undefined) return undefined;
  const [, vendor, subtype, version] = ACCEPTED.exec(request.headers.accept ?? '') ?? [];
  if (subtype === undefined) return undefined;
  const accepted = subtype.toLowerCase() as AnswerType['format'];
  // Elasticsearch 7 knows the names of later versions, and answers under the plain ones.
  const isPlain = dialect.product === 'elasticsearch' && dialect.compatibleVersions.length === 0;
  if (vendor === undefined || isPlain) return { format: accepted, contentType: plainType(accepted, dialect) };
  if (!dialect.compatibleVersions.includes(Number(version))) return undefined;
  // Clients that ask for a compatible version check that the answer names it.
  return { format: accepted, contentType: `application/vnd.elasticsearch+${accepted};compatible-with=${version}` };
}

/** Returns the content type of a form without a version. */
export function plainType(format: AnswerType['format'], { jsonType }: AnswerDialect): string {
  return format === 'json' ? jsonType : `application/${format}`;
}
