import { wentBackSuite } from '../behaviour/went-back-suite';
import { engineBehindSnapkeep } from '../support/engine-behind-snapkeep';
import { enginesTriedInFull } from '../support/engines';

for (const { name, title, missing } of enginesTriedInFull()) {
  (missing === undefined ? describe : describe.skip)(
    `after the files of ${title} were replaced by an older copy, a snapshot${missing === undefined ? '' : ` (${missing})`}`,
    () => {
      const parts = engineBehindSnapkeep(name);

      wentBackSuite(() => {
        const { engine, ...rest } = parts();
        return { ...rest, stop: () => engine.stop(), start: () => engine.restart() };
      }, name);
    },
  );
}
