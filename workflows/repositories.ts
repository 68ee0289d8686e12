/** The registrations of all repositories; credentials arrive and stay sealed. */
import {
  allHandlersFinished,
  condition,
  continueAsNew,
  setCurrentDetails,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import { type Registration } from '../src/contracts/registration';
import { jobFailure } from './failures';
import { deleteRepositoryUpdate, putRepositoryUpdate, repositoriesQuery } from './messages';
import { onceActivities } from './profiles';

const UPDATES_PER_RUN = 1000;

export interface RepositoriesState {
  readonly revision: number;
  readonly registrations: readonly Registration[];
}

export async function repositoriesWorkflow(state: RepositoriesState): Promise<void> {
  let { revision } = state;
  const registrations = new Map(state.registrations.map((one) => [one.name, one]));
  let updates = 0;

  setHandler(repositoriesQuery, () => [...registrations.values()]);
  setHandler(putRepositoryUpdate, async ({ registration, verify }) => {
    updates++;
    try {
      if (verify) await onceActivities(`verify ${registration.name}`).verifyRepository(registration);
    } catch (error) {
      throw jobFailure(error);
    }
    // Two changes of one repository at once: both were verified, the later one stands.
    const stored: Registration = { ...registration, revision: ++revision };
    registrations.set(registration.name, stored);
    return stored;
  });
  setHandler(deleteRepositoryUpdate, (name) => {
    updates++;
    return registrations.delete(name);
  });

  setCurrentDetails('The repositories that are registered; `getRepositories` lists them.');
  await condition(() => updates >= UPDATES_PER_RUN || workflowInfo().continueAsNewSuggested);
  await condition(allHandlersFinished);
  await continueAsNew<typeof repositoriesWorkflow>({ revision, registrations: [...registrations.values()] });
}
