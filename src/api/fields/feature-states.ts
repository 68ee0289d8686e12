import { type BodyKind, names } from './body-kinds';
import { mapped, refusing } from './field-table';

/** Accepts `[]` and `["none"]`, because feature states are system indices, which a snapshot over HTTP cannot see. */
export const noFeatureStates: BodyKind<undefined> = mapped(
  refusing(names, (states) =>
    states === undefined || (states.length === 1 && states[0] === 'none')
      ? undefined
      : '[feature_states] other than [none] are not supported by Snapkeep',
  ),
  () => undefined,
);
