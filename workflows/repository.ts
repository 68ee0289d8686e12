/**
 * One per repository: the ledger of the jobs that work on it, and who has to wait for whom. It holds no lock that a
 * crash could leave behind: while somebody waits, it asks now and then whether those waited for still run.
 */
import {
  allHandlersFinished,
  condition,
  getExternalWorkflowHandle,
  makeContinueAsNewFunc,
  setCurrentDetails,
  setHandler,
  upsertMemo,
  workflowInfo,
} from '@temporalio/workflow';
import { blockersOf } from '../src/contracts/job-order';
import {
  type BeginJobResult,
  LEDGER_MEMO,
  type LedgerJob,
  type ShownJob,
  type ShownJobs,
} from '../src/contracts/ledger';
import { beginJobsUpdate, endJobSignal, jobGrantedSignal } from './messages';
import { controlActivities } from './profiles';

/** Ended restores kept for `_recovery`. */
const RESTORES_KEPT = 100;
/** Updates after which the execution continues as new; Temporal ends one at 2,000. */
const UPDATES_PER_RUN = 1000;
const CHECK_INTERVAL = '15s';
/** A check that can't be made is made again after the next interval. */
const CHECK_BOUNDS = { retryWindowMs: 60_000 };

export interface RepositoryWorkflowState {
  /** Uuid of the root. */
  readonly place: string;
  /** In the order they came. */
  readonly running: readonly LedgerJob[];
  /** Workflow ids of those that wait. */
  readonly waiting: readonly string[];
  readonly restores: readonly ShownJob[];
}

export async function repositoryWorkflow(state: RepositoryWorkflowState): Promise<void> {
  let { running, waiting, restores } = state;
  let updates = 0;
  let ended: string[] = [];

  const begin = (job: LedgerJob): BeginJobResult => {
    const known = running.findIndex((other) => other.workflowId === job.workflowId);
    const earlier = known < 0 ? running : running.slice(0, known);
    // A job that begins again (an activity tried twice, another plan) keeps its place in the order.
    running = known < 0 ? [...running, job] : running.with(known, job);
    const granted = blockersOf(job, earlier).length === 0;
    waiting = waiting.filter((id) => id !== job.workflowId);
    if (!granted) waiting = [...waiting, job.workflowId];
    return { granted };
  };

  const remove = (ids: readonly string[]): void => {
    const gone = running.filter((job) => ids.includes(job.workflowId));
    running = running.filter((job) => !ids.includes(job.workflowId));
    waiting = waiting.filter((id) => !ids.includes(id));
    restores = [...restores, ...gone.filter((job) => job.kind === 'restore').map(shown)].slice(-RESTORES_KEPT);
    if (gone.length > 0) publish();
  };
  /** In the same workflow task as the change: who was told of a job finds it in the memo. */
  const publish = (): void => {
    const jobs: ShownJobs = { running: running.map(shown), restores };
    upsertMemo({ [LEDGER_MEMO]: jobs });
  };

  // Last: what has arrived already is handled while its handler is being set.
  setHandler(beginJobsUpdate, (jobs) => {
    updates++;
    const results = jobs.map(begin);
    publish();
    return results;
  });
  setHandler(endJobSignal, ({ workflowId }) => {
    ended.push(workflowId);
  });

  for (;;) {
    setCurrentDetails(details(running, waiting));
    const renew = (): boolean => updates >= UPDATES_PER_RUN || workflowInfo().continueAsNewSuggested;
    const something = (): boolean => ended.length > 0 || renew();
    const woken =
      waiting.length === 0
        ? (await condition(() => something() || waiting.length > 0), something())
        : await condition(something, CHECK_INTERVAL);
    if (ended.length > 0) {
      const ids = ended;
      ended = [];
      remove(ids);
    } else if (!woken && waiting.length > 0) {
      const suspects = running.filter((job) => !waiting.includes(job.workflowId)).map((job) => job.workflowId);
      remove(
        await controlActivities(CHECK_BOUNDS, 'look for jobs that ended unseen').findEndedJobs({
          workflowIds: suspects,
        }),
      );
    }
    await grant();
    if (renew()) {
      await condition(allHandlersFinished);
      // What arrived during the await above is part of the state that is carried over.
      remove(ended);
      await makeContinueAsNewFunc<typeof repositoryWorkflow>({ memo: workflowInfo().memo })({
        place: state.place,
        running,
        waiting,
        restores,
      });
    }
  }

  async function grant(): Promise<void> {
    const free = waiting.filter((id) => {
      const at = running.findIndex((job) => job.workflowId === id);
      return at >= 0 && blockersOf(running[at], running.slice(0, at)).length === 0;
    });
    waiting = waiting.filter((id) => !free.includes(id));
    for (const id of free) {
      try {
        await getExternalWorkflowHandle(id).signal(jobGrantedSignal);
      } catch {
        // It ended meanwhile without a word; nobody may wait for it.
        remove([id]);
      }
    }
  }
}

/** Claims and what a job reads are of no use to lists, and have no bound that a memo keeps. */
function shown({ workflowId, kind, repository, snapshot, snapshotUuid, startMillis }: LedgerJob): ShownJob {
  return { workflowId, kind, repository, snapshot, snapshotUuid, startMillis };
}

function details(running: readonly LedgerJob[], waiting: readonly string[]): string {
  const rows = running
    .slice(0, 50)
    .map(
      (job) =>
        `| ${job.kind} | ${job.repository}/${job.snapshot} | ${waiting.includes(job.workflowId) ? 'waiting' : 'running'} |`,
    );
  return `${running.length} jobs\n\n| job | snapshot | |\n| --- | --- | --- |\n${rows.join('\n')}`;
}
