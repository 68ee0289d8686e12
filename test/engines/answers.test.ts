/**
 * What Snapkeep answers about recoveries and in tables, beside the engine's own answer about the same work: member by
 * member, and tables byte by byte.
 */
import { type EngineName, enginesTriedInFull } from '../support/engines';
import { until } from '../support/running-snapkeep';
import { shapeOf, type SideBySide, startSideBySide } from '../support/side-by-side';

/** Members of Elasticsearch 1.x, which Snapkeep has besides. */
const OLD_MEMBERS =
  /\.index\.bytes\b|\.start\{|\.start\.|\.(start|stop)_time:|\.files\.details\[\]\{|\.files\.details\[\]\./;

for (const { name, title, missing } of enginesTriedInFull()) {
  (missing === undefined ? describe : describe.skip)(`${title}${missing === undefined ? '' : ` (${missing})`}`, () => {
    let both: SideBySide;

    interface Both {
      readonly native: Response & { readonly shown: string };
      readonly own: Response & { readonly shown: string };
    }

    const send = async (
      url: string,
      method: string,
      target: string,
      body?: object,
      headers: Record<string, string> = {},
    ): Promise<Response & { readonly shown: string }> => {
      const response = await fetch(url + target, {
        method,
        headers: { ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
        body: body === undefined ? undefined : JSON.stringify(body),
      });
      return Object.assign(response, { shown: await response.text() });
    };
    const ask = async (
      method: string,
      target: string,
      body?: object,
      headers?: Record<string, string>,
    ): Promise<Both> => ({
      native: await send(both.engine.url, method, target, body, headers),
      own: await send(both.snapkeep.url, method, target, body, headers),
    });
    // eslint-disable-next-line @typescript-eslint/no-explicit-any
    const json = ({ shown }: { shown: string }): any => JSON.parse(shown);

    beforeAll(async () => {
      both = await startSideBySide(name as EngineName);
      const settings = { number_of_shards: 2, number_of_replicas: 0 };
      await send(both.engine.url, 'PUT', '/alpha', { settings });
      await send(both.engine.url, 'PUT', '/beta', { settings: { ...settings, number_of_shards: 1 } });
      for (let i = 0; i < 40; i++)
        await send(both.engine.url, 'PUT', `/alpha/_doc/${i}`, { n: i, text: 'x'.repeat(i * 9) });
      await send(both.engine.url, 'PUT', '/beta/_doc/1?refresh=true', { n: 1 });
      for (const repository of ['rep', 'zeta']) {
        const { native, own } = await ask('PUT', `/_snapshot/${repository}`, both.location(repository));
        expect([native.status, own.status, own.shown]).toEqual([200, 200, native.shown]);
      }
      for (const [snapshot, indices] of [
        ['rep/bb', 'alpha,beta'],
        ['rep/aa', 'alpha'],
        ['zeta/cc', 'beta'],
      ]) {
        const target = `/_snapshot/${snapshot}?wait_for_completion=true`;
        const { native, own } = await ask('PUT', target, { indices, include_global_state: false });
        expect([native.status, own.status]).toEqual([200, 200]);
      }
      // Each side restores its own snapshot under a name of its own length, so that tables have equal widths.
      for (const [url, to] of [
        [both.engine.url, 'nat-$1'],
        [both.snapkeep.url, 'own-$1'],
      ] as const) {
        const body = { indices: 'alpha,beta', rename_pattern: '(.+)', rename_replacement: to };
        const answer = await send(url, 'POST', '/_snapshot/rep/bb/_restore?wait_for_completion=true', body);
        expect(json(answer).snapshot.shards).toEqual({ total: 3, failed: 0, successful: 3 });
      }
    }, 300_000);

    afterAll(async () => {
      await both?.stop();
    });

    describe('_recovery of a restored index', () => {
      it.each(['', '?human=true', '?detailed=true', '?detailed=true&human=true'])(
        'has the members and types of the engine’s own (%s)',
        async (query) => {
          const native = json(await send(both.engine.url, 'GET', `/nat-alpha/_recovery${query}`));
          const own = json(await send(both.snapkeep.url, 'GET', `/own-alpha/_recovery${query}`));
          const [nativeShape, ownShape] = [native['nat-alpha'], own['own-alpha']].map((one) => shapeOf(one));
          const isOf = (shape: string[]): string[] => shape.filter((path) => !OLD_MEMBERS.test(path));
          expect(isOf(ownShape!)).toEqual(isOf(nativeShape!));
        },
      );

      it('says the same of everything that does not depend on the files', async () => {
        const [, native] = Object.entries(json(await send(both.engine.url, 'GET', '/nat-beta/_recovery')))[0]!;
        const [, own] = Object.entries(json(await send(both.snapkeep.url, 'GET', '/own-beta/_recovery')))[0]!;
        // eslint-disable-next-line @typescript-eslint/no-explicit-any
        const fixed = ({ shards: [{ id, type, stage, primary, source, target, index, translog }] }: any): unknown => ({
          ...{ id, type, stage, primary, target },
          source: { ...source, restoreUUID: 'one' },
          percents: [index.size.percent, index.files.percent, translog.percent],
          reused: [index.size.reused_in_bytes, index.files.reused],
        });
        expect(fixed(own)).toEqual(fixed(native));
      });

      it('has what both Java clients require', async () => {
        const [shard] = json(await send(both.snapkeep.url, 'GET', '/own-alpha/_recovery'))['own-alpha'].shards;
        const numbers = (...names: string[]): unknown =>
          expect.objectContaining(Object.fromEntries(names.map((one) => [one, expect.any(Number)])));
        expect(shard.index.bytes).toEqual(numbers('total_in_bytes', 'reused_in_bytes', 'recovered_in_bytes'));
        expect(shard.index.bytes.percent).toBe('100.0%');
        expect(shard.start).toEqual(numbers('check_index_time_in_millis', 'total_time_in_millis'));
        expect(shard.verify_index).toEqual(numbers('check_index_time_in_millis', 'total_time_in_millis'));
        expect(shard.translog).toEqual(numbers('recovered', 'total', 'total_on_start', 'total_time_in_millis'));
      });

      it('is refused as by the engine for an index that is not there, and for other methods', async () => {
        for (const [method, target] of [
          ['GET', '/nope/_recovery'],
          ['POST', '/_recovery'],
          ['DELETE', '/alpha/_recovery'],
          ['GET', '/_cat/recovery/nope'],
          ['POST', '/_cat/recovery'],
          ['PUT', '/_cat/repositories'],
          ['DELETE', '/_cat/snapshots/rep'],
        ] as const) {
          const { native, own } = await ask(method, target);
          expect([own.status, own.headers.get('allow'), own.shown]).toEqual([
            native.status,
            native.headers.get('allow'),
            native.shown,
          ]);
        }
      });
    });

    describe('tables', () => {
      it.each(['/_cat/snapshots?help', '/_cat/repositories?help', '/_cat/recovery?help'])(
        'explain their columns as the engine does: %s',
        async (target) => {
          const { native, own } = await ask('GET', target);
          expect(own.shown).toBe(native.shown);
          expect(own.headers.get('content-type')).toBe(native.headers.get('content-type'));
        },
      );

      it.each([
        '/_cat/repositories',
        '/_cat/repositories?v',
        '/_cat/repositories?v&h=t,repoId&s=id:desc',
        '/_cat/repositories?format=json',
        '/_cat/repositories?format=json&pretty',
        '/_cat/repositories?format=yaml&s=type,id',
        '/_cat/repositories?format=cbor',
        '/_cat/recovery/alpha,beta?v',
        '/_cat/recovery/alpha,beta?v&h=*&s=index,shard',
        '/_cat/recovery/alpha?format=json&h=i,s,ty,st,b,tb,top',
        '/_cat/recovery/beta?format=yaml&bytes=kb&time=ms',
        '/_cat/recovery/beta?active_only=true&v',
        '/_cat/recovery?v&index=beta&h=index,t*',
        '/_cat/recovery/beta?h=nothing',
        '/_cat/recovery/nat-*?v&h=*&s=index:desc,shard&time=micros&bytes=b',
        '/_cat/snapshots/rep?h=id,s,i,ss,fs,ts,r&v',
        '/_cat/snapshots/rep?h=s,id&s=id',
        '/_cat/snapshots/rep?h=id,i&s=i:desc,id',
        '/_cat/snapshots/rep?format=json&h=id,status,indices,reason',
        '/_cat/snapshots/nope',
        '/_cat/snapshots/rep?v=maybe',
        '/_cat/snapshots/rep?wrong=1',
      ])('are the engine’s byte for byte: %s', async (target) => {
        const { native, own } = await ask('GET', target);
        expect(own.shown).toBe(native.shown);
        expect(own.status).toBe(native.status);
        expect(own.headers.get('content-type')).toBe(native.headers.get('content-type'));
      });

      it.each([
        '/_cat/snapshots/rep?v',
        '/_cat/snapshots/rep?v&h=*',
        '/_cat/snapshots/rep?time=nanos&h=id,ste,sti,ete,eti',
      ])('have the engine’s columns and alignment where times differ: %s', async (target) => {
        const { native, own } = await ask('GET', target);
        // A duration is as wide as it happens to be, and the column is aligned by it.
        const masked = ({ shown }: { shown: string }): string =>
          shown
            .replace(/ +[\d.]+m?s /g, ' DURATION ')
            .replace(/ +duration/, ' duration')
            .replace(/\d/g, '9');
        expect(masked(own)).toBe(masked(native));
      });

      it('show a restored index as the engine shows its own', async () => {
        const query = '?v&h=s,ty,st,shost,snode,thost,tnode,rep,snap,fp,bp,to,tor,top';
        const native = await send(both.engine.url, 'GET', `/_cat/recovery/nat-alpha${query}`);
        const own = await send(both.snapkeep.url, 'GET', `/_cat/recovery/own-alpha${query}`);
        expect(own.shown).toBe(native.shown);
      });

      it('list everything when no repository is named', async () => {
        const { shown } = await send(both.snapkeep.url, 'GET', '/_cat/snapshots?h=id&s=id');
        expect(shown).toBe('aa\nbb\ncc\n');
      });

      it('refuse a sort key that is no column', async () => {
        const { native, own } = await ask('GET', '/_cat/snapshots/rep?s=nope');
        expect(own.status).toBe(400);
        // OpenSearch has the same reason under a 500.
        expect(json(own).error.reason).toBe(json(native).error.reason);
      });
    });

    describe('snapshots', () => {
      const isData = (path: string): boolean => /\.indices$|\.shards$|index_details$/.test(path);

      it.each([
        '/_snapshot/rep/bb',
        '/_snapshot/rep/bb?human=true',
        '/_snapshot/rep/_all?verbose=false',
        '/_snapshot/rep/bb/_status',
        '/_snapshot/rep/bb/_status?human=true',
      ])('have every member that the engine’s have, with its type: %s', async (target) => {
        const { native, own } = await ask('GET', target);
        const has = new Set(shapeOf(json(own), isData));
        expect(shapeOf(json(native), isData).filter((path) => !has.has(path))).toEqual([]);
      });

      it('name the node of each shard that is being copied', async () => {
        const text = (n: number): string => Buffer.from(`${n * 7919}`.repeat(40)).toString('base64');
        const lines = Array.from({ length: 6_000 }, (_, n) => `{"index":{}}\n{"n":${n},"text":"${text(n)}"}\n`);
        await fetch(`${both.engine.url}/large/_bulk?refresh=true`, {
          method: 'POST',
          headers: { 'content-type': 'application/x-ndjson' },
          body: lines.join(''),
        });
        const slow = both.location('slow');
        const settings = { ...slow.settings, max_snapshot_bytes_per_sec: '20kb' };
        await send(both.snapkeep.url, 'PUT', '/_snapshot/slow', { ...slow, settings });
        await send(both.snapkeep.url, 'PUT', '/_snapshot/slow/run', { indices: 'large' });
        const shard = await until(
          async () => json(await send(both.snapkeep.url, 'GET', '/_snapshot/slow/_status')).snapshots[0]?.indices.large,
          (one) => one !== undefined,
        );
        const nodes = json(await send(both.engine.url, 'GET', '/_cat/shards/large?format=json&h=prirep,id'));
        expect(shard.shards[0].node).toBe(nodes.find(({ prirep }: { prirep: string }) => prirep === 'p').id);
        const table = await send(both.snapkeep.url, 'GET', '/_cat/snapshots/slow?h=id,status,end_epoch,end_time');
        expect(table.shown).toBe('run IN_PROGRESS 0 00:00:00\n');
        await send(both.snapkeep.url, 'DELETE', '/_snapshot/slow/run');
      });

      it('are listed in the engine’s order', async () => {
        for (const query of ['', '?verbose=false']) {
          const { native, own } = await ask('GET', `/_snapshot/rep/_all${query}`);
          const names = (one: { shown: string }): unknown =>
            json(one).snapshots.map(({ snapshot }: { snapshot: string }) => snapshot);
          expect(names(own)).toEqual(names(native));
        }
      });

      it.each([
        ['PUT', '/_snapshot/rep/no', { indices: 'missing' }],
        ['GET', '/_snapshot/rep/none', undefined],
        ['GET', '/_snapshot/rep/none/_status', undefined],
        ['GET', '/_snapshot/nope/x', undefined],
        ['PUT', '/_snapshot', undefined],
        ['GET', '/_snapshot/rep/_verify', undefined],
        ['PUT', '/_snapshot/rep/bb/_restore', undefined],
        ['DELETE', '/_snapshot/_status', undefined],
        ['GET', '/_snapshot/a/b/c/d/e', undefined],
      ] as const)('are refused as by the engine: %s %s', async (method, target, body) => {
        const { native, own } = await ask(method, target, body);
        expect(own.status).toBe(native.status);
        expect(json(own)).toEqual(json(native));
        expect(own.headers.get('allow')).toBe(native.headers.get('allow'));
      });

      it.each(['/_snapshot', '/_snapshot/rep', '/_snapshot/rep/bb', '/_recovery', '/_cat/snapshots', '/alpha'])(
        'have the engine’s HEAD and OPTIONS: %s',
        async (target) => {
          for (const method of ['HEAD', 'OPTIONS']) {
            const { native, own } = await ask(method, target);
            const sorted = ({ headers }: Response): string[] => (headers.get('allow') ?? '').split(',').sort();
            expect([own.status, sorted(own), own.shown]).toEqual([native.status, sorted(native), native.shown]);
          }
        },
      );

      it('come in the content type and with the product header of the engine', async () => {
        for (const accept of [
          '*/*',
          'application/json',
          'application/yaml',
          'application/cbor',
          'text/plain',
          'application/vnd.elasticsearch+json; compatible-with=8',
          'application/vnd.elasticsearch+json; compatible-with=7',
          'application/vnd.elasticsearch+json; compatible-with=5',
        ]) {
          for (const target of ['/_snapshot/rep', '/_cat/repositories']) {
            const { native, own } = await ask('GET', target, undefined, { accept });
            const facts = ({ status, headers }: Response): unknown => [
              ...[status, accept, target],
              ...[headers.get('content-type'), headers.get('x-elastic-product')],
            ];
            expect(facts(own)).toEqual(facts(native));
          }
        }
      });
    });
  });
}
