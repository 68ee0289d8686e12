import { createHash, createHmac } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import http from 'node:http';
import { join } from 'node:path';
import { XMLParser } from 'fast-xml-parser';
import { startTestOss } from '../../../test/support/embedded-oss';
import { rawRequest, signedRequest } from './signed-request';

let oss: Awaited<ReturnType<typeof startTestOss>>;

beforeEach(async () => {
  oss = await startTestOss({ maxObjectBytes: 1_000_000 });
});
afterEach(() => oss.stop());

function errorOf(body: string): Record<string, string> {
  return (new XMLParser({ parseTagValue: false }).parse(body) as { Error: Record<string, string> }).Error;
}

const put = (key: string, body: string | Buffer, headers: Record<string, string> = {}) =>
  signedRequest(oss.port, 'PUT', `/snapshots/${encodeURIComponent(key)}`, key, { body: Buffer.from(body), headers });

describe('a request without a valid signature is refused:', () => {
  const get = (headers: Record<string, string>) => rawRequest(oss.port, 'GET', '/snapshots/a', headers);
  const date = () => new Date().toUTCString();
  const stamp = () => new Date().toISOString().replace(/[-:]|\.\d+/g, '');

  test('none at all', async () => {
    const { status, body, headers } = await get({ date: date() });
    expect(status).toBe(403);
    expect(errorOf(body)).toMatchObject({ Code: 'AccessDenied', RequestId: headers['x-oss-request-id'] });
    expect(errorOf(body).HostId).toBe(`127.0.0.1:${oss.port}`);
  });

  test.each([
    ['a V1 signature of another secret', 'OSS snapkeep:AAAAAAAAAAAAAAAAAAAAAAAAAAA=', 403, 'SignatureDoesNotMatch'],
    ['an unknown access key', 'OSS somebody:AAAA', 403, 'InvalidAccessKeyId'],
    ['something else', 'Basic c25hcDprZWVw', 400, 'InvalidArgument'],
    ['a malformed V4 header', 'OSS4-HMAC-SHA256 Credential=x', 400, 'InvalidArgument'],
  ])('%s', async (_name, authorization, status, code) => {
    const answer = await get({ date: date(), authorization });
    expect(answer.status).toBe(status);
    expect(errorOf(answer.body).Code).toBe(code);
  });

  test.each([
    ['cn-beijing', 'Invalid signing region in Authorization header.', 400],
    ['cn-hangzhou', 'The request signature we calculated', 403],
  ])('a V4 signature for region %s that is made up', async (region, message, status) => {
    const day = stamp().slice(0, 8);
    const credential = `snapkeep/${day}/${region}/oss/aliyun_v4_request`;
    const authorization = `OSS4-HMAC-SHA256 Credential=${credential},Signature=${'0'.repeat(64)}`;
    const answer = await get({ 'x-oss-date': stamp(), authorization });
    expect(answer.status).toBe(status);
    expect(errorOf(answer.body).Message).toContain(message);
  });

  test('a date more than a quarter of an hour from now, before or after', async () => {
    await put('a', 'x');
    for (const [minutes, status] of [
      [-16, 403],
      [-14, 200],
      [14, 200],
      [16, 403],
    ]) {
      const answer = await signedRequest(oss.port, 'GET', '/snapshots/a', 'a', {
        date: new Date(Date.now() + minutes * 60_000),
      });
      expect(answer.status).toBe(status);
      if (status === 403) expect(errorOf(answer.body).Code).toBe('RequestTimeTooSkewed');
    }
  });

  test('a signed request of which anything that is signed was changed', async () => {
    await put('a', 'x');
    const right = await signedRequest(oss.port, 'GET', '/snapshots/a', 'a');
    expect(right.status).toBe(200);
    for (const [method, path, resource] of [
      ['GET', '/snapshots/b', 'a'],
      ['GET', '/snapshots/a?acl', 'a'],
      ['GET', '/snapshots/a?versionId=1', 'a'],
      ['HEAD', '/snapshots/b', 'a'],
    ]) {
      expect((await signedRequest(oss.port, method, path, resource)).status).toBe(403);
    }
  });
});

describe('keys', () => {
  test('with dots and slashes stay in the bucket and are told apart', async () => {
    const keys = ['..', '.', 'a/../b', '../../../etc/passwd', './a', 'a//b', 'a/', '.hidden', 'con', 'A', 'a'];
    for (const key of keys) {
      const answer = await signedRequest(oss.port, 'PUT', `/snapshots/${key}`, key, { body: Buffer.from(key) });
      expect(answer.status).toBe(200);
    }
    for (const key of keys) {
      expect((await signedRequest(oss.port, 'GET', `/snapshots/${key}`, key)).body).toBe(key);
    }
    expect((await readdir(oss.dataDir)).sort()).toEqual(['buckets']);
    expect(await readdir(join(oss.dataDir, 'buckets'))).toEqual(['snapshots']);
    expect(await readdir(join(oss.dataDir, 'buckets', 'snapshots', 'objects'))).toHaveLength(keys.length);
  });

  test.each([
    ['%2Fa', '/a', 'InvalidObjectName'],
    ['%5Ca', '\\a', 'InvalidObjectName'],
    ['k'.repeat(1024), 'k'.repeat(1024), 'InvalidObjectName'],
    ['%FF%FE', '\ufffd', 'InvalidObjectName'],
    ['%zz', '%zz', 'InvalidArgument'],
  ])('that cannot be are refused: %s', async (path, key, code) => {
    const answer = await signedRequest(oss.port, 'PUT', `/snapshots/${path}`, key, { body: Buffer.from('x') });
    expect(answer.status).toBe(400);
    expect(errorOf(answer.body).Code).toBe(code);
  });

  test('of 1,023 bytes can be', async () => {
    expect((await put('é'.repeat(511) + 'x', 'x')).status).toBe(200);
  });
});

describe('a put', () => {
  test('larger than allowed is refused, announced or not, and leaves nothing', async () => {
    for (const headers of [{}, { 'transfer-encoding': 'chunked' }] as Record<string, string>[]) {
      const answer = await put('large', Buffer.alloc(1_000_001), headers);
      expect(errorOf(answer.body).Code).toBe('EntityTooLarge');
    }
    expect((await signedRequest(oss.port, 'HEAD', '/snapshots/large', 'large')).status).toBe(404);
    expect((await put('large', Buffer.alloc(1_000_000))).status).toBe(200);
  });

  test('that breaks off leaves the object as it was, and no file', async () => {
    await put('a', 'before');
    const date = new Date().toUTCString();
    await new Promise<void>((resolve) => {
      const request = http.request({ port: oss.port, method: 'PUT', path: '/snapshots/a', headers: { date } });
      request.on('error', () => resolve());
      request.setHeader('content-length', 900_000);
      request.setHeader('authorization', signatureFor(date));
      request.write(Buffer.alloc(500_000));
      setTimeout(() => request.destroy(), 100);
    });
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect((await signedRequest(oss.port, 'GET', '/snapshots/a', 'a')).body).toBe('before');
    expect(await readdir(join(oss.dataDir, 'buckets', 'snapshots', 'temporary'))).toEqual([]);
  });

  function signatureFor(date: string): string {
    const text = `PUT\n\n\n${date}\n/snapshots/a`;
    return `OSS snapkeep:${createHmac('sha1', 'snapkeep-secret').update(text).digest('base64')}`;
  }
});

describe('answers', () => {
  test('carry the CRC-64 of the object, whichever part of it is asked for', async () => {
    const check = 0x995dc9bbdf1939fan.toString();
    expect((await put('a', '123456789')).headers['x-oss-hash-crc64ecma']).toBe(check);
    for (const headers of [{}, { range: 'bytes=2-4' }] as Record<string, string>[]) {
      const answer = await signedRequest(oss.port, 'GET', '/snapshots/a', 'a', { headers });
      expect(answer.headers['x-oss-hash-crc64ecma']).toBe(check);
    }
  });

  test('to HEAD of nothing carry the error document in a header', async () => {
    const { status, headers, body } = await signedRequest(oss.port, 'HEAD', '/snapshots/nothing', 'nothing');
    expect(status).toBe(404);
    expect(body).toBe('');
    const document = Buffer.from(String(headers['x-oss-err']), 'base64').toString();
    expect(errorOf(document)).toMatchObject({ Code: 'NoSuchKey', Key: 'nothing' });
  });

  test('honour If-None-Match, If-Match and the dates', async () => {
    const { headers } = await put('a', 'x');
    const etag = String(headers.etag);
    const day = 24 * 60 * 60 * 1000;
    const cases: [Record<string, string>, number][] = [
      [{ 'if-none-match': etag }, 304],
      [{ 'if-none-match': '"other"' }, 200],
      [{ 'if-match': etag }, 200],
      [{ 'if-match': '"other"' }, 412],
      [{ 'if-modified-since': new Date(Date.now() + day).toUTCString() }, 304],
      [{ 'if-modified-since': new Date(Date.now() - day).toUTCString() }, 200],
      [{ 'if-unmodified-since': new Date(Date.now() - day).toUTCString() }, 412],
    ];
    for (const [conditions, status] of cases) {
      expect((await signedRequest(oss.port, 'GET', '/snapshots/a', 'a', { headers: conditions })).status).toBe(status);
    }
  });

  test('to what the server does not know are 501, and say so', async () => {
    for (const [method, path, resource] of [
      ['POST', '/snapshots/a?append&position=0', 'a?append&position=0'],
      ['GET', '/snapshots/?lifecycle', '?lifecycle'],
      ['PUT', '/snapshots/', ''],
    ]) {
      const answer = await signedRequest(oss.port, method, path, resource);
      expect(answer.status).toBe(501);
      expect(errorOf(answer.body)).toMatchObject({ Code: 'NotImplemented', Message: expect.stringMatching(/has no/) });
    }
  });

  test('to documents that are none are MalformedXML', async () => {
    const headers = { 'content-md5': '' };
    for (const body of ['', 'x', '<Delete>', '<Other/>', '<Delete><Quiet>maybe</Quiet></Delete>', '<Delete/>']) {
      headers['content-md5'] = createHash('md5').update(body).digest('base64');
      const options = { body: Buffer.from(body), headers };
      const answer = await signedRequest(oss.port, 'POST', '/snapshots/?delete', '?delete', options);
      expect(errorOf(answer.body).Code).toBe('MalformedXML');
      expect(answer.status).toBe(400);
    }
  });
});
