import { type RunningSnapkeep, startSnapkeep } from '../support/running-snapkeep';
import { behaviourSuite, expectMigration } from './behaviour-suite';
import { randomWritersSuite } from './random-writers-suite';

describe('with the embedded cluster', () => {
  let first: RunningSnapkeep;
  let second: RunningSnapkeep;

  beforeAll(async () => {
    first = await startSnapkeep();
  }, 120_000);

  afterAll(async () => {
    await second?.stop();
    await first?.stop();
  });

  behaviourSuite(() => first, 'embedded');
  randomWritersSuite(() => first, { title: 'embedded', basePath: 'embedded', leastMs: 3_000 });

  it('restores on another installation that registers the same bucket', async () => {
    second = await startSnapkeep({ oss: first.oss });
    await expectMigration(second, first, 'embedded');
  }, 240_000);
});
