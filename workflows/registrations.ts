import {
  allHandlersFinished,
  condition,
  makeContinueAsNewFunc,
  setCurrentDetails,
  setHandler,
  upsertMemo,
  workflowInfo,
} from '@temporalio/workflow';
import {
  deleteRepositoryUpdate,
  pingQuery,
  putRepositoryUpdate,
  verifyRepositoryUpdate,
} from '../src/contracts/jobs/workflow-messages';
import { checkBounds, type NewRegistration, registrationField, registrationsIn } from '../src/contracts/registration';
import { asFailure, isUnstarted, jobFailure } from './job-failures';
import { onceActivities, workerActivities } from './profiles';

/** Updates after which the execution continues as new; Temporal ends one at 2,000. */
const UPDATES_PER_RUN = 1000;

/** The state that the next execution begins with, besides the memo. */
interface RepositoriesState {
  /** The last revision given; at least that of every registration in the memo. */
  readonly revision: number;
}

/**
 * Keeps the registrations of all repositories; credentials arrive and stay sealed. One per installation; it never ends,
 * but continues as new. Each registration is kept in a memo field of its own: a front door reads it without a worker,
 * and a change writes no more than itself.
 *
 * Cancelled, it ends; the memo of the closed execution still holds the registrations, but no later execution reads it.
 * Updates throw the failure of the verification, or the code of a bound that a registration exceeds.
 */
export async function repositoriesWorkflow(state: RepositoriesState): Promise<void> {
  const registrations = new Map(registrationsIn(workflowInfo().memo).map((one) => [one.name, one]));
  let revision = Math.max(state.revision, ...[...registrations.values()].map((one) => one.revision));
  let updates = 0;

  setHandler(pingQuery, () => true);
  setHandler(verifyRepositoryUpdate, async (call) => {
    updates++;
    const { workerQueue, registration } = call;
    const summary = `verify ${registration.name}`;
    const { verifyRepository } =
      workerQueue === undefined ? onceActivities(summary) : workerActivities(workerQueue, summary);
    try {
      return await verifyRepository(call);
    } catch (error) {
      if (workerQueue !== undefined && isUnstarted(error)) return undefined;
      throw jobFailure(error);
    }
  });
  setHandler(
    putRepositoryUpdate,
    (registration) => {
      updates++;
      const stored = { ...registration, revision: ++revision };
      registrations.set(stored.name, stored);
      // In the same workflow task as the answer: a caller that was answered finds the registration in the memo.
      upsertMemo({ [registrationField(stored.name)]: stored });
      return stored;
    },
    // Before the update enters the history, which has bounds of its own.
    {
      validator: (registration: NewRegistration) => asFailure(() => checkBounds(registration, registrations.values())),
    },
  );
  setHandler(deleteRepositoryUpdate, (name) => {
    updates++;
    if (!registrations.delete(name)) return false;
    upsertMemo({ [registrationField(name)]: null });
    return true;
  });

  setCurrentDetails('The repositories that are registered: one field of the memo each.');
  await condition(() => updates >= UPDATES_PER_RUN || workflowInfo().continueAsNewSuggested);
  await condition(allHandlersFinished);
  const memo = Object.fromEntries([...registrations.values()].map((one) => [registrationField(one.name), one]));
  await makeContinueAsNewFunc<typeof repositoriesWorkflow>({ memo })({ revision });
}
