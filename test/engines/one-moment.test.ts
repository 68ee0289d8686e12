import { oneMomentSuite } from '../behaviour/one-moment-suite';
import { engineBehindSnapkeep } from '../support/engine-behind-snapkeep';
import { enginesTriedInFull } from '../support/engines';

for (const { name, title, missing } of enginesTriedInFull()) {
  (missing === undefined ? describe : describe.skip)(
    `with ${title}${missing === undefined ? '' : ` (${missing})`}`,
    () => {
      const parts = engineBehindSnapkeep(name);

      oneMomentSuite(() => parts().snapkeep, name, name !== 'elasticsearch-7.10');
    },
  );
}
