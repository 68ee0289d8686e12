import { Pool } from 'undici';

/**
 * Requests to a server on this machine, over as many connections as are in use at once. Any status of 400 or more
 * throws, with the answer.
 */
export class BenchHttp {
  private readonly pool: Pool;

  constructor(readonly url: string) {
    // A snapshot or a force-merge answers when it is done.
    this.pool = new Pool(url, { connections: 16, headersTimeout: 0, bodyTimeout: 0 });
  }

  /** The answer's bytes, unparsed. */
  async bytes(method: string, path: string, body?: string | Buffer, type = 'application/json'): Promise<ArrayBuffer> {
    const response = await this.pool.request({
      method: method as 'GET',
      path,
      body,
      headers: body === undefined ? {} : { 'content-type': type },
    });
    const answer = await response.body.arrayBuffer();
    if (response.statusCode >= 400) {
      const said = Buffer.from(answer).toString('utf8').slice(0, 2_000);
      throw new Error(`${method} ${this.url}${path} was answered ${response.statusCode}: ${said}`);
    }
    return answer;
  }

  /** `body` is printed as JSON; the answer is read as JSON. */
  async json<T>(method: string, path: string, body?: unknown): Promise<T> {
    const answer = await this.bytes(method, path, body === undefined ? undefined : JSON.stringify(body));
    return JSON.parse(Buffer.from(answer).toString('utf8')) as T;
  }

  async close(): Promise<void> {
    await this.pool.destroy();
  }
}
