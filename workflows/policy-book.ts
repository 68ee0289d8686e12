import { upsertMemo } from '@temporalio/workflow';
import { SnapkeepError } from '../src/contracts/errors';
import {
  checkPolicyBounds,
  type NewPolicy,
  policiesIn,
  type Policy,
  policyField,
  type PolicyKey,
  type PutPolicy,
  type RetentionEnded,
  type RunEnded,
  SLM_FIELD,
  type SlmState,
  slmStateIn,
  smDocumentId,
} from '../src/contracts/jobs/policy';
import { asFailure } from './job-failures';
import { onceActivities } from './profiles';

type Outcomes = Pick<Policy, 'lastSuccess' | 'lastFailure' | 'failuresSinceSuccess' | 'lastRetention' | 'counts'>;

const NOTHING_RAN: Outcomes = {
  failuresSinceSuccess: 0,
  counts: { taken: 0, failed: 0, deleted: 0, deletionFailures: 0 },
};

/** The policies of `policiesWorkflow`, and the changes of them. What it keeps, it shows in the memo. */
export class PolicyBook {
  private readonly policies: Map<string, Policy>;
  private slm: SlmState;
  private last: Promise<unknown> = Promise.resolve();

  constructor(
    memo: Readonly<Record<string, unknown>> | undefined,
    public seqNo: number,
  ) {
    this.policies = new Map(policiesIn(memo).map((policy) => [policyField(policy), policy]));
    this.slm = slmStateIn(memo);
    this.seqNo = Math.max(seqNo, ...[...this.policies.values()].map((policy) => policy.seqNo));
  }

  /** Runs changes one after the other: each awaits an activity between reading and keeping. */
  async inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
    const turn = this.last.then(work);
    this.last = turn.catch(() => undefined);
    return turn;
  }

  /** Keeps a policy, then writes its schedules. If that fails, nothing is kept. */
  async put({ policy, expects }: PutPolicy): Promise<Policy> {
    const before = this.policies.get(policyField(policy));
    asFailure(() => {
      checkExpected(policy, before, expects);
      checkPolicyBounds(policy, this.policies.values());
    });
    const kept: Policy =
      before !== undefined && expects === undefined && isSame(before, policy)
        ? before
        : {
            ...policy,
            version: (before?.version ?? 0) + 1,
            seqNo: ++this.seqNo,
            modifiedMillis: Date.now(),
            enabledMillis: policy.enabled ? (before?.enabledMillis ?? Date.now()) : undefined,
            ...(before === undefined ? NOTHING_RAN : outcomesOf(before)),
          };
    // Before the schedules are there, so that their first run finds the policy.
    this.keep(kept);
    try {
      const setPaused = before?.enabled !== kept.enabled;
      await onceActivities(`schedule ${policy.id}`).writeSchedules({ policies: [kept], slm: this.slm, setPaused });
    } catch (error) {
      const changed = this.policies.get(policyField(kept)) ?? kept;
      if (before === undefined) this.forget(kept);
      else this.keep({ ...before, ...outcomesOf(changed) });
      throw error;
    }
    return this.policies.get(policyField(kept)) ?? kept;
  }

  async delete(key: PolicyKey): Promise<Policy | undefined> {
    const before = this.policies.get(policyField(key));
    if (before === undefined) return undefined;
    await onceActivities(`delete ${key.id}`).deleteSchedules(key);
    this.seqNo++;
    this.forget(key);
    return before;
  }

  async enable({ enabled, ...key }: PolicyKey & { readonly enabled: boolean }): Promise<boolean> {
    const before = this.policies.get(policyField(key));
    if (before === undefined) return false;
    const kept = {
      ...before,
      enabled,
      enabledMillis: enabled ? (before.enabledMillis ?? Date.now()) : undefined,
      modifiedMillis: Date.now(),
      version: before.version + 1,
      seqNo: ++this.seqNo,
    };
    await onceActivities(enabled ? `start ${key.id}` : `stop ${key.id}`).writeSchedules({
      policies: [kept],
      slm: this.slm,
      setPaused: true,
    });
    this.change(key, (policy) => ({ ...kept, ...outcomesOf(policy) }));
    return true;
  }

  /** Writes the schedules of all SLM policies again, also those that somebody deleted. */
  async runSlm(running: boolean): Promise<void> {
    const slm = { ...this.slm, running };
    await onceActivities(running ? 'start SLM' : 'stop SLM').writeSchedules({
      policies: [...this.policies.values()].filter(({ kind }) => kind === 'slm'),
      slm,
      setPaused: true,
    });
    this.keepSlm({ ...this.slm, running });
  }

  /** A run of a policy that is not there any more changes nothing. */
  runEnded({ run, ...key }: RunEnded): void {
    const failed = run.details !== undefined;
    this.change(key, (policy) => ({
      ...policy,
      ...(failed ? { lastFailure: run } : { lastSuccess: run }),
      failuresSinceSuccess: failed ? policy.failuresSinceSuccess + 1 : 0,
      counts: {
        ...policy.counts,
        taken: policy.counts.taken + (failed ? 0 : 1),
        failed: policy.counts.failed + (failed ? 1 : 0),
      },
    }));
  }

  retentionEnded({ kind, startMillis, endMillis, policies }: RetentionEnded): void {
    for (const { id, deleted, failures, failure } of policies) {
      this.change({ kind, id }, (policy) => ({
        ...policy,
        lastRetention: { startMillis, endMillis, deleted, failure },
        counts: {
          ...policy.counts,
          deleted: policy.counts.deleted + deleted,
          deletionFailures: policy.counts.deletionFailures + failures,
        },
      }));
    }
    if (kind !== 'slm') return;
    const { runs, failed, timeMs } = this.slm.retention;
    const retention = {
      runs: runs + 1,
      failed: failed + (policies.some(({ failure }) => failure !== undefined) ? 1 : 0),
      timeMs: timeMs + (endMillis - startMillis),
    };
    this.keepSlm({ ...this.slm, retention });
  }

  /** Returns the memo that the next execution begins with. */
  memo(): Record<string, unknown> {
    return { ...Object.fromEntries(this.policies), [SLM_FIELD]: this.slm };
  }

  private change(key: PolicyKey, changed: (policy: Policy) => Policy): void {
    const policy = this.policies.get(policyField(key));
    if (policy !== undefined) this.keep(changed(policy));
  }

  private keep(policy: Policy): void {
    this.policies.set(policyField(policy), policy);
    upsertMemo({ [policyField(policy)]: policy });
  }

  private forget(key: PolicyKey): void {
    this.policies.delete(policyField(key));
    upsertMemo({ [policyField(key)]: null });
  }

  private keepSlm(slm: SlmState): void {
    this.slm = slm;
    upsertMemo({ [SLM_FIELD]: slm });
  }
}

function checkExpected(policy: NewPolicy, before: Policy | undefined, expects: PutPolicy['expects']): void {
  if (expects === undefined) return;
  if (expects === 'missing') {
    if (before === undefined) return;
    throw new SnapkeepError(
      'version_conflict_engine_exception',
      `[${smDocumentId(policy.id)}]: version conflict, document already exists (current version [${before.version}])`,
    );
  }
  if (before?.seqNo === expects.seqNo) return;
  const found = before === undefined ? 'but no document was found' : `current document has seqNo [${before.seqNo}]`;
  throw new SnapkeepError(
    'version_conflict_engine_exception',
    `[${smDocumentId(policy.id)}]: version conflict, required seqNo [${expects.seqNo}], ${found}`,
  );
}

function outcomesOf({ lastSuccess, lastFailure, failuresSinceSuccess, lastRetention, counts }: Policy): Outcomes {
  return { lastSuccess, lastFailure, failuresSinceSuccess, lastRetention, counts };
}

/** Returns whether a policy is put as it is; intervals, which count from when they were put, then go on. */
function isSame(before: Policy, policy: NewPolicy): boolean {
  return before.shown === policy.shown && before.enabled === policy.enabled;
}
