import {
  allHandlersFinished,
  condition,
  makeContinueAsNewFunc,
  setCurrentDetails,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import {
  deletePolicyUpdate,
  enablePolicyUpdate,
  putPolicyUpdate,
  retentionEndedSignal,
  runEndedSignal,
  runSlmUpdate,
} from '../src/contracts/jobs/workflow-messages';
import { jobFailure } from './job-failures';
import { PolicyBook } from './policy-book';

/** Updates after which the execution continues as new; Temporal ends one at 2,000. */
const UPDATES_PER_RUN = 1000;

/** The state that the next execution begins with, besides the memo. */
interface PoliciesState {
  /** The last sequence number given. */
  readonly seqNo: number;
}

/**
 * Keeps all policies, and what came of their runs. One per installation; it never ends, but continues as new. Each
 * policy is kept in a memo field of its own. It alone decides its Temporal schedules, which an activity writes.
 *
 * Cancelled, it ends; the memo of the closed execution still holds the policies, and their schedules stay. Updates
 * throw `version_conflict_engine_exception`, the code of a bound, or what writing the schedules threw, and change
 * nothing then.
 */
export async function policiesWorkflow(state: PoliciesState): Promise<void> {
  const book = new PolicyBook(workflowInfo().memo, state.seqNo);
  let updates = 0;

  const change = async <Result>(work: () => Promise<Result>): Promise<Result> => {
    updates++;
    try {
      return await book.inTurn(work);
    } catch (error) {
      throw jobFailure(error);
    }
  };
  setHandler(putPolicyUpdate, (put) => change(() => book.put(put)));
  setHandler(deletePolicyUpdate, (key) => change(() => book.delete(key)));
  setHandler(enablePolicyUpdate, (call) => change(() => book.enable(call)));
  setHandler(runSlmUpdate, ({ running }) => change(() => book.runSlm(running)));
  setHandler(runEndedSignal, (ended) => book.runEnded(ended));
  setHandler(retentionEndedSignal, (ended) => book.retentionEnded(ended));

  setCurrentDetails(
    'Snapshot policies: one field of the memo each. Their schedules are in Temporal’s list of schedules.',
  );
  await condition(() => updates >= UPDATES_PER_RUN || workflowInfo().continueAsNewSuggested);
  await condition(allHandlersFinished);
  await makeContinueAsNewFunc<typeof policiesWorkflow>({ memo: book.memo() })({ seqNo: book.seqNo });
}
