import { createHmac } from 'node:crypto';
import http from 'node:http';

export interface RawAnswer {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: string;
}

/**
 * One request to the bucket `snapshots`, signed with V1 by hand, with the path exactly as given: unlike SDKs it
 * neither resolves `..` nor encodes anything.
 *
 * @param resource the decoded key with the sub-resources that are signed.
 * @param options.held the last byte of the body is on its way until this resolves.
 */
export function signedRequest(
  port: number,
  method: string,
  path: string,
  resource: string,
  options: { headers?: Record<string, string>; body?: Buffer; date?: Date; held?: Promise<unknown> } = {},
): Promise<RawAnswer> {
  const date = (options.date ?? new Date()).toUTCString();
  const headers: Record<string, string> = { date, ...options.headers };
  const ossHeaders = Object.keys(headers)
    .filter((name) => name.startsWith('x-oss-'))
    .sort()
    .map((name) => `${name}:${headers[name]}\n`);
  const text = `${method}\n${headers['content-md5'] ?? ''}\n${headers['content-type'] ?? ''}\n${date}\n${ossHeaders.join('')}/snapshots/${resource}`;
  const signature = createHmac('sha1', 'snapkeep-secret').update(text).digest('base64');
  headers.authorization = `OSS snapkeep:${signature}`;
  return rawRequest(port, method, path, headers, options.body, options.held);
}

/** One request as it is; the last byte of its body is sent when `held` resolves. */
export function rawRequest(
  port: number,
  method: string,
  path: string,
  headers: Record<string, string>,
  body?: Buffer,
  held?: Promise<unknown>,
): Promise<RawAnswer> {
  return new Promise((resolve, reject) => {
    const request = http.request({ host: '127.0.0.1', port, method, path, headers, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          body: Buffer.concat(chunks).toString('utf8'),
        }),
      );
    });
    request.on('error', reject);
    if (body === undefined || held === undefined) request.end(body);
    else {
      request.setHeader('content-length', body.length);
      request.write(body.subarray(0, -1));
      void held.then(() => request.end(body.subarray(-1)));
    }
  });
}
