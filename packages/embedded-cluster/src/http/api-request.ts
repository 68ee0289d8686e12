import { ElasticsearchError, illegalArgument } from '../elasticsearch-error';
import { FilterPath } from './filter-path';

/** Holds a request after routing: decoded path parameters, query parameters, the whole body. */
export class ApiRequest {
  constructor(
    readonly method: string,
    /** Path as it came, for messages. */
    readonly path: string,
    readonly parameters: Readonly<Record<string, string>>,
    readonly query: ReadonlyMap<string, string>,
    readonly body: Buffer,
  ) {}

  /** Parameter of the path. Throws if the route has none of this name. */
  parameter(name: string): string {
    const value = this.parameters[name];
    if (value === undefined) throw new Error(`the route of ${this.path} has no parameter ${name}`);
    return value;
  }

  /** `true`, `false`, or present without a value, which is true. */
  flag(name: string, fallback: boolean): boolean {
    const value = this.query.get(name);
    if (value === undefined) return fallback;
    if (value === '' || value === 'true') return true;
    if (value === 'false') return false;
    throw illegalArgument(`Failed to parse value [${value}] as only [true] or [false] are allowed.`);
  }

  get filterPath(): FilterPath | undefined {
    return FilterPath.parse(this.query.get('filter_path'));
  }

  get pretty(): boolean {
    return this.flag('pretty', false);
  }

  /** The body as a JSON object; `{}` for none. Throws Elasticsearch's 400. */
  jsonBody(): Record<string, unknown> {
    if (this.body.length === 0) return {};
    let parsed: unknown;
    try {
      parsed = JSON.parse(this.body.toString());
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw new ElasticsearchError('x_content_parse_exception', `[1:1] ${reason}`, 400, undefined, {
        type: 'json_parse_exception',
        reason,
      });
    }
    if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) {
      throw new ElasticsearchError('parsing_exception', 'Expected [START_OBJECT] but found another value', 400);
    }
    return parsed as Record<string, unknown>;
  }

  /** Throws the 400 for a request that needs a body and has none. */
  requireBody(): void {
    if (this.body.length === 0) throw new ElasticsearchError('parse_exception', 'request body is required', 400);
  }
}

/** What a handler answers. */
export type ApiResponse =
  | { readonly status?: number; readonly json: unknown; readonly headers?: Readonly<Record<string, string>> }
  | { readonly status?: number; readonly text: string }
  | { readonly status?: number; readonly stream: AsyncIterable<Buffer> };

export type Handler = (request: ApiRequest) => ApiResponse | Promise<ApiResponse>;

export const acknowledged: ApiResponse = { json: { acknowledged: true } };
