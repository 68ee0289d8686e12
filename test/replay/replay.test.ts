import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { historyFromJSON } from '@temporalio/common/lib/proto-utils';
import { Worker } from '@temporalio/worker';
import { DeterminismViolationError } from '@temporalio/workflow';

const FOLDER = path.join(__dirname, 'histories');
const BUNDLE = path.resolve(__dirname, '../../dist/workflow-bundle.js');
const FILES = readdirSync(FOLDER).filter((file) => file.endsWith('.json'));

/** Fails when a change of a workflow would break a job that is running while it is deployed. */
describe('saved histories', () => {
  const options = { workflowBundle: { codePath: BUNDLE }, replayName: 'saved-histories' };
  const read = (file: string): string => readFileSync(path.join(FOLDER, file), 'utf8');

  it('are there for every workflow, and so is the bundle', () => {
    expect(existsSync(BUNDLE)).toBe(true);
    const types = FILES.map((file) => /"workflowType":\s*\{\s*"name":\s*"(\w+)"/.exec(read(file))?.[1]);
    const index = readFileSync(path.resolve(__dirname, '../../workflows/index.ts'), 'utf8');
    const served = [...index.matchAll(/export \{ (\w+) \}/g)].map((match) => match[1]);
    expect(served.length).toBeGreaterThan(5);
    expect(new Set(types)).toEqual(new Set(served));
  });

  it.each(FILES)('%s replays', async (file) => {
    await Worker.runReplayHistory(options, historyFromJSON(JSON.parse(read(file))));
  });

  it('do not replay once the workflow would do something else', async () => {
    const changed = read('create-snapshot-small.json').replaceAll('"beginSnapshot"', '"somethingElse"');
    await expect(Worker.runReplayHistory(options, historyFromJSON(JSON.parse(changed)))).rejects.toThrow(
      DeterminismViolationError,
    );
  });

  it('hold no secret, nor anything that decodes to one', () => {
    let payloads = 0;
    for (const file of FILES) {
      expect(read(file)).not.toContain('snapkeep-secret');
      for (const [, data] of read(file).matchAll(/"data":\s*"([A-Za-z0-9+/=]+)"/g)) {
        payloads++;
        expect(Buffer.from(data, 'base64').toString('latin1')).not.toContain('snapkeep-secret');
      }
    }
    expect(payloads).toBeGreaterThan(50);
  });
});
