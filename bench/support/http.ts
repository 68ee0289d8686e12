import { Pool } from 'undici';

/**
 * Sends requests to a server on this machine, over as many connections as there are concurrent requests. Throws, with
 * the answer, at a status of 400 or more.
 */
export class BenchHttp {
  private readonly pool: Pool;

  constructor(readonly url: string) {
    // Snapshots and force-merges answer when they are finished.
    this.pool = new Pool(url, { connections: 16, headersTimeout: 0, bodyTimeout: 0 });
  }

  /** Returns the answer's bytes, unparsed. */
  async bytes(method: string, path: string, body?: string | Buffer, type = 'application/json'): Promise<ArrayBuffer> {
    const { status, answer } = await this.send(method, path, body, type);
    if (status >= 400) {
      const said = Buffer.from(answer).toString('utf8').slice(0, 2_000);
      throw new Error(`${method} ${this.url}${path} was answered ${status}: ${said}`);
    }
    return answer;
  }

  /** Sends `body` as JSON and parses the answer as JSON. */
  async json<T>(method: string, path: string, body?: unknown): Promise<T> {
    const answer = await this.bytes(method, path, body === undefined ? undefined : JSON.stringify(body));
    return JSON.parse(Buffer.from(answer).toString('utf8')) as T;
  }

  /** As {@link json}; undefined if the server does not know the path or the method (400, 404, 405). */
  async jsonIfThere<T>(method: string, path: string, body?: unknown): Promise<T | undefined> {
    const { status, answer } = await this.send(method, path, body === undefined ? undefined : JSON.stringify(body));
    if ([400, 404, 405].includes(status)) return undefined;
    const text = Buffer.from(answer).toString('utf8');
    if (status > 400) throw new Error(`${method} ${this.url}${path} was answered ${status}: ${text.slice(0, 2_000)}`);
    return JSON.parse(text) as T;
  }

  async close(): Promise<void> {
    await this.pool.destroy();
  }

  private async send(
    method: string,
    path: string,
    body?: string | Buffer,
    type = 'application/json',
  ): Promise<{ status: number; answer: ArrayBuffer }> {
    const response = await this.pool.request({
      method: method as 'GET',
      path,
      body,
      headers: body === undefined ? {} : { 'content-type': type },
    });
    return { status: response.statusCode, answer: await response.body.arrayBuffer() };
  }
}
