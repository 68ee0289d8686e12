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

  /** Sends `body` as JSON and parses the answer as JSON. */
  async json<T>(method: string, path: string, body?: unknown): Promise<T> {
    const answer = await this.bytes(method, path, body === undefined ? undefined : JSON.stringify(body));
    return JSON.parse(Buffer.from(answer).toString('utf8')) as T;
  }

  async close(): Promise<void> {
    await this.pool.destroy();
  }
}
