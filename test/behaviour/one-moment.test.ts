import { type RunningSnapkeep, startSnapkeep } from '../support/running-snapkeep';
import { oneMomentSuite } from './one-moment-suite';

let snapkeep: RunningSnapkeep;
beforeAll(async () => {
  snapkeep = await startSnapkeep();
}, 120_000);
afterAll(() => snapkeep?.stop());

oneMomentSuite(() => snapkeep, 'embedded');
