import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type Engine, enginesTriedInFull, startEngine } from '../support/engines';
import { DELETE_LISTS, LIST_NAMES, type ListOutcome, SHOW_LISTS, STATUS_LISTS } from '../support/name-lists';

interface Told {
  readonly error?: { readonly reason: string };
  readonly snapshots?: readonly { readonly snapshot: string }[];
}

describe.each(enginesTriedInFull().filter(({ name }) => name !== 'elasticsearch-7.10'))(
  '$name',
  ({ name, missing }) => {
    const run = missing === undefined ? it : it.skip;
    const dataDir = mkdtempSync(path.join(tmpdir(), 'snapkeep-lists-'));
    let engine: Engine;

    const ask = async (method: string, target: string, body?: object): Promise<Told> => {
      const response = await fetch(engine.url + target, {
        method,
        headers: { 'content-type': 'application/json' },
        body: body === undefined ? undefined : JSON.stringify(body),
      });
      return (await response.json()) as Told;
    };
    const shown = ({ error, snapshots }: Told): unknown =>
      error === undefined
        ? (snapshots ?? []).map((one) => one.snapshot).sort()
        : error.reason.replace(/^\[r:(.*)\] is missing$/, '$1 is missing');
    const names = async (): Promise<string[]> => shown(await ask('GET', '/_snapshot/r/_all')) as string[];
    const fill = async (): Promise<void> => {
      const there = await names();
      for (const one of LIST_NAMES) {
        if (!there.includes(one)) await ask('PUT', `/_snapshot/r/${one}?wait_for_completion=true`);
      }
    };

    beforeAll(async () => {
      if (missing !== undefined) return;
      engine = await startEngine(name, { dataDir });
      await ask('PUT', '/x/_doc/1?refresh=true', { a: 1 });
      await ask('PUT', '/_snapshot/r', { type: 'fs', settings: { location: path.join(engine.pathRepo, 'r') } });
      await fill();
    }, 300_000);

    afterAll(async () => {
      await engine?.stop();
      rmSync(dataDir, { recursive: true, force: true });
    });

    run('answers lists as the tables say', async () => {
      const told = async (lists: readonly ListOutcome[], suffix: string): Promise<ListOutcome[]> =>
        Promise.all(
          lists.map(async ([list]) => [list, shown(await ask('GET', `/_snapshot/r/${list}${suffix}`))] as ListOutcome),
        );
      // OpenSearch knows no exclusions in GET.
      if (name.startsWith('elasticsearch')) expect(await told(SHOW_LISTS, '')).toEqual(SHOW_LISTS);
      expect(await told(STATUS_LISTS, '/_status')).toEqual(STATUS_LISTS);
    });

    run.each(DELETE_LISTS)('deletes by %s as the table says', async (list, expected) => {
      await fill();
      const before = await names();
      const answer = await ask('DELETE', `/_snapshot/r/${list}`);
      const after = await names();
      const deleted = before.filter((one) => !after.includes(one));
      expect(answer.error === undefined ? deleted : shown(answer)).toEqual(expected);
      if (answer.error !== undefined) expect(deleted).toEqual([]);
    });
  },
);
