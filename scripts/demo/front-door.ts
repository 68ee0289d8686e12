import { Agent, request } from 'undici';
import { curlLine, dim, say } from './console';

export interface Answer {
  readonly status: number;
  readonly body: Buffer;
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- the demo looks at many answers, once each
  readonly json: any;
}

interface CallOptions {
  /** True to print the request as a curl line, and the answer. @default true */
  readonly show?: boolean;
  /** Statuses that are not failures. @default 200 and 201 */
  readonly expect?: readonly number[];
}

/** Answers longer than this are cut when they are shown. */
const SHOWN_CHARACTERS = 300;

/** A client of Snapkeep over HTTP. */
export class FrontDoor {
  private readonly agent = new Agent({ headersTimeout: 0, bodyTimeout: 0 });

  constructor(readonly url: string) {}

  /** Sends a request. Throws, with the answer, if its status is not expected. */
  async call(method: string, path: string, body?: object, options: CallOptions = {}): Promise<Answer> {
    const text = body === undefined ? undefined : JSON.stringify(body);
    const show = options.show ?? true;
    if (show) say(`  $ ${curlLine(method, `${this.url}${path}`, text)}`);
    const answer = await this.send(
      method,
      path,
      text === undefined ? undefined : Buffer.from(text),
      'application/json',
    );
    if (show) say(dim(`    ${answer.status} ${shorten(answer.body.toString('utf8').trim())}`));
    check(method, path, answer, options.expect ?? [200, 201]);
    return answer;
  }

  /** Sends a `_bulk` body; throws if any item failed. */
  async bulk(body: Buffer): Promise<void> {
    const path = '/_bulk?filter_path=errors,items.*.error';
    const answer = await this.send('POST', path, body, 'application/x-ndjson');
    check('POST', path, answer, [200]);
    if (answer.json.errors) throw new Error(`_bulk had failing items: ${shorten(answer.body.toString('utf8'))}`);
  }

  async close(): Promise<void> {
    await this.agent.destroy();
  }

  private async send(method: string, path: string, body: Buffer | undefined, type: string): Promise<Answer> {
    const { statusCode, body: stream } = await request(`${this.url}${path}`, {
      method: method as 'GET',
      dispatcher: this.agent,
      ...(body === undefined ? {} : { body, headers: { 'content-type': type } }),
    });
    const bytes = Buffer.from(await stream.arrayBuffer());
    let parsed: unknown;
    return {
      status: statusCode,
      body: bytes,
      get json() {
        return (parsed ??= JSON.parse(bytes.toString('utf8')));
      },
    };
  }
}

function check(method: string, path: string, answer: Answer, expected: readonly number[]): void {
  if (expected.includes(answer.status)) return;
  throw new Error(`${method} ${path} answered ${answer.status}: ${shorten(answer.body.toString('utf8'))}`);
}

function shorten(text: string): string {
  const line = text.replace(/\s+/g, ' ');
  return line.length <= SHOWN_CHARACTERS ? line : `${line.slice(0, SHOWN_CHARACTERS)} …`;
}
