import { type RunningSnapkeep, startSnapkeep } from '../support/running-snapkeep';
import { describeGlobalState } from './global-state-suite';

let snapkeep: RunningSnapkeep;
beforeAll(async () => {
  snapkeep = await startSnapkeep();
}, 120_000);
afterAll(() => snapkeep?.stop());

describeGlobalState({ snapkeep: () => snapkeep, native: false, scripts: true, legacy: false });
