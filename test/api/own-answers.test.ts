import { createServer, request, type Server } from 'node:http';
import { type AddressInfo } from 'node:net';
import { gunzipSync } from 'node:zlib';
import { parse as parseYaml } from 'yaml';
import { decodeCbor, encodeCbor } from '../../src/elasticsearch/cbor';
import { type FrontDoor, startFrontDoor } from '../support/front-door';

const ELASTICSEARCH = { version: { number: '8.19.0' } };
const OPENSEARCH = { version: { distribution: 'opensearch', number: '3.8.0' } };

/** What of an answer is decided before any job, with a server in the cluster's place that says what it is. */
describe.each([
  ['Elasticsearch 8', ELASTICSEARCH, 'Elasticsearch'],
  ['OpenSearch', OPENSEARCH, null],
] as const)('in front of %s, answers of its own', (_title, root, product) => {
  let cluster: Server;
  let frontDoor: FrontDoor;
  const isElasticsearch = product !== null;
  const plainJson = isElasticsearch ? 'application/json' : 'application/json; charset=UTF-8';

  beforeAll(async () => {
    cluster = createServer((_request, response) => {
      response.setHeader('content-type', 'application/json');
      if (product !== null) response.setHeader('X-elastic-product', product);
      response.end(JSON.stringify(root));
    });
    await new Promise<void>((resolve) => cluster.listen(0, '127.0.0.1', resolve));
    const { port } = cluster.address() as AddressInfo;
    frontDoor = await startFrontDoor({ cluster: { url: `http://127.0.0.1:${port}` }, auth: 'none' });
  });

  afterAll(async () => {
    await frontDoor.stop();
    cluster.closeAllConnections();
    await new Promise((resolve) => cluster.close(resolve));
  });

  const ask = async (
    target: string,
    headers: Record<string, string> = {},
    body?: string | Uint8Array<ArrayBuffer>,
  ): Promise<{ status: number; type: string | null; product: string | null; bytes: Buffer }> => {
    const method = body === undefined ? 'GET' : 'PUT';
    const response = await fetch(frontDoor.url + target, { method, headers, body });
    return {
      status: response.status,
      type: response.headers.get('content-type'),
      product: response.headers.get('x-elastic-product'),
      bytes: Buffer.from(await response.arrayBuffer()),
    };
  };
  const WRONG = '/_snapshot?wrong=1';
  const wrong = (reason: string): unknown => expect.objectContaining({ error: expect.objectContaining({ reason }) });
  const told = wrong('request [/_snapshot] contains unrecognized parameter: [wrong]');

  it.each([
    '/_snapshot?wrong=1',
    '/_recovery?wrong=1',
    '/_cat/snapshots?wrong=1',
    '/_cat/recovery?help',
    '/_snapkeep/x',
  ])('carry the product header at %s', async (target) => {
    expect((await ask(target)).product).toBe(product);
  });

  it('are JSON in the content type of the product', async () => {
    const { type, bytes } = await ask(WRONG);
    expect(type).toBe(plainJson);
    expect(JSON.parse(bytes.toString())).toEqual(told);
    expect((await ask(WRONG, { accept: 'text/plain' })).type).toBe(plainJson);
    expect((await ask(`${WRONG}&format=smile`)).type).toBe(plainJson);
  });

  it('are YAML or CBOR for whoever asks for it', async () => {
    for (const yaml of [await ask(`${WRONG}&format=yaml`), await ask(WRONG, { accept: 'application/yaml' })]) {
      expect(yaml.type).toBe('application/yaml');
      expect(parseYaml(yaml.bytes.toString())).toEqual(told);
    }
    for (const cbor of [await ask(`${WRONG}&format=cbor`), await ask(WRONG, { accept: 'application/cbor' })]) {
      expect(cbor.type).toBe('application/cbor');
      expect(decodeCbor(cbor.bytes)).toEqual(told);
    }
  });

  it('name the version that the caller asks for where the product has versions', async () => {
    const { status, type } = await ask(WRONG, { accept: 'application/vnd.elasticsearch+json; compatible-with=8' });
    expect(status).toBe(400);
    expect(type).toBe(isElasticsearch ? 'application/vnd.elasticsearch+json;compatible-with=8' : plainJson);
    const yaml = await ask(WRONG, { accept: 'application/vnd.elasticsearch+yaml; compatible-with=7' });
    expect(yaml.type).toBe(isElasticsearch ? 'application/vnd.elasticsearch+yaml;compatible-with=7' : plainJson);
  });

  it('refuse versions that the cluster does not have, and bodies in a form of another product', async () => {
    const versioned = (version: number): string => `application/vnd.elasticsearch+json; compatible-with=${version}`;
    const reasonOf = ({ bytes }: { bytes: Buffer }): string =>
      (JSON.parse(bytes.toString()) as { error: { reason: string } }).error.reason;
    const newer = await ask('/_snapshot?wrong=1', { accept: versioned(9) });
    const bodies = await ask('/_snapshot/r?wrong=1', { 'content-type': versioned(8) }, '{}');
    if (isElasticsearch) {
      expect(reasonOf(newer)).toContain('Accept version must be either version 8 or 7, but found 9');
      expect(bodies.status).toBe(400);
      expect(reasonOf(bodies)).toContain('A compatible version is required on both Content-Type and Accept headers');
    } else {
      expect(reasonOf(newer)).toContain('unrecognized parameter');
      expect(bodies.status).toBe(406);
      expect(reasonOf(bodies)).toBe(`Content-Type header [${versioned(8)}] is not supported`);
    }
  });

  it('take bodies in YAML and CBOR, and refuse SMILE', async () => {
    const type = { type: 'ftp' };
    const reasons = await Promise.all(
      (
        [
          ['application/json', JSON.stringify(type)],
          ['application/yaml', 'type: ftp\n'],
          ['application/cbor', new Uint8Array(encodeCbor(type))],
        ] as const
      ).map(async ([contentType, body]) => {
        const { status, bytes } = await ask(
          '/_snapshot/r',
          { 'content-type': contentType, accept: 'application/json' },
          body,
        );
        return [status, (JSON.parse(bytes.toString()) as { error: { reason: string } }).error.reason];
      }),
    );
    expect(new Set(reasons.map((one) => JSON.stringify(one))).size).toBe(1);
    expect(reasons[0]![1]).toContain('repository type [ftp] does not exist');
    const broken = await ask('/_snapshot/r', { 'content-type': 'application/yaml' }, 'type: [');
    expect([broken.status, broken.bytes.toString()]).toEqual([400, expect.stringContaining('as YAML')]);
    expect((await ask('/_snapshot/r', { 'content-type': 'application/smile' }, ':)')).status).toBe(406);
  });

  it('are compressed for whoever takes it, unless they are small', async () => {
    const get = (target: string, encoding: string): Promise<[string | null, Buffer]> =>
      new Promise((resolve) => {
        request(frontDoor.url + target, { headers: { 'accept-encoding': encoding } }, (response) => {
          const chunks: Buffer[] = [];
          response.on('data', (chunk: Buffer) => chunks.push(chunk));
          response.on('end', () => resolve([response.headers['content-encoding'] ?? null, Buffer.concat(chunks)]));
        }).end();
      });
    const [none, help] = await get('/_cat/recovery?help', 'identity');
    expect(none).toBeNull();
    const [encoding, packed] = await get('/_cat/recovery?help', 'br, gzip;q=0.5');
    expect(encoding).toBe('gzip');
    expect(packed.length).toBeLessThan(help.length / 2);
    expect(gunzipSync(packed).equals(help)).toBe(true);
    expect((await get('/_cat/recovery?help', 'deflate'))[0]).toBe('deflate');
    expect((await get('/_cat/recovery?help', 'gzip;q=0'))[0]).toBeNull();
    expect((await get('/_cat/repositories?help', 'gzip'))[0]).toBeNull();
  });
});
