import path from 'node:path';
import { type RunningSnapkeep, startSnapkeep } from '../support/running-snapkeep';
import { wentBackSuite } from './went-back-suite';

describe('after the files of the embedded cluster were replaced by an older copy, a snapshot', () => {
  let snapkeep: RunningSnapkeep;

  beforeAll(async () => {
    snapkeep = await startSnapkeep();
  }, 120_000);
  afterAll(() => snapkeep?.stop());

  wentBackSuite(
    () => ({
      snapkeep,
      dataDir: path.join(snapkeep.dataDir, 'cluster'),
      stop: () => snapkeep.killCluster(),
      start: async () => {
        await snapkeep.startCluster();
        await snapkeep.ready();
      },
    }),
    'embedded',
  );
});
