/**
 * Policies: what takes and deletes snapshots by schedules. `policiesWorkflow` keeps them with what came of their runs,
 * and shows them in its memo, so that they can be read without a worker.
 */
import { SnapkeepError } from '../errors';
import { type JobOptions, type JobRepository } from './job';
import { type CreateSnapshotInput, type SnapshotRequest } from './snapshot';

/** Whose words the policy was put in: Elasticsearch's lifecycle management, or OpenSearch's snapshot management. */
export type PolicyKind = 'slm' | 'sm';

/** Identifies a policy. The two kinds have names of their own. */
export interface PolicyKey {
  readonly kind: PolicyKind;
  readonly id: string;
}

/** When a policy runs. The activities that write schedules parse the expressions. */
export type PolicySchedule =
  | { readonly cron: 'quartz' | 'unix'; readonly expression: string; readonly zone: string }
  /** Counted from `from`, ms since the epoch. */
  | { readonly everyMs: number; readonly from: number };

/** What a policy keeps; an unset member is no bound. */
export interface Retention {
  readonly expireAfterMs?: number;
  readonly minCount?: number;
  readonly maxCount?: number;
  /** Further snapshots, by a wildcard, that the policy deletes by the same bounds. */
  readonly pattern?: string;
}

/** A policy as a front door puts it. */
export interface NewPolicy extends PolicyKey {
  /** JSON text of what a GET shows of the definition. */
  readonly shown: string;
  readonly repository: string;
  /** Name of its snapshots, with date math, without the random ending. */
  readonly snapshotName: string;
  /** Metadata names the policy. */
  readonly request: SnapshotRequest;
  /** Unset: it only deletes. */
  readonly takes?: PolicySchedule;
  /** Ms after which a run no longer waits for its snapshot, which goes on. */
  readonly timeLimitMs?: number;
  readonly retention?: Retention;
  /** Unset: the retention runs when that of all SLM policies does, or never. */
  readonly deletes?: PolicySchedule;
  readonly enabled: boolean;
  /** Elasticsearch 9's `unhealthy_if_no_snapshot_within`. */
  readonly unhealthyAfterMs?: number;
}

/** A run that took a snapshot, or failed to. */
export interface PolicyRun {
  readonly snapshot: string;
  /** Unset for a failure. */
  readonly startMillis?: number;
  readonly endMillis: number;
  /** Why it failed: Elasticsearch's JSON of an exception. At most {@link MAX_DETAILS} characters. */
  readonly details?: string;
}

/** A run of a retention. */
interface RetentionRun {
  readonly startMillis: number;
  readonly endMillis: number;
  readonly deleted: number;
  readonly failure?: string;
}

interface PolicyCounts {
  readonly taken: number;
  readonly failed: number;
  readonly deleted: number;
  readonly deletionFailures: number;
}

/** A policy as `policiesWorkflow` keeps it. */
export interface Policy extends NewPolicy {
  readonly version: number;
  /** Of the change that made this version; grows with every change of any policy. */
  readonly seqNo: number;
  readonly modifiedMillis: number;
  /** Since when it is enabled. */
  readonly enabledMillis?: number;
  readonly lastSuccess?: PolicyRun;
  readonly lastFailure?: PolicyRun;
  readonly failuresSinceSuccess: number;
  readonly lastRetention?: RetentionRun;
  readonly counts: PolicyCounts;
}

/** What concerns all SLM policies together. */
export interface SlmState {
  readonly running: boolean;
  readonly retention: { readonly runs: number; readonly failed: number; readonly timeMs: number };
}

const INITIAL_SLM_STATE: SlmState = { running: true, retention: { runs: 0, failed: 0, timeMs: 0 } };

/** A change of a policy, and what it is bound to. */
export interface PutPolicy {
  readonly policy: NewPolicy;
  /** The policy must be there with this sequence number, or must not be there at all. */
  readonly expects?: { readonly seqNo: number } | 'missing';
}

/** Schedules to bring about. */
export interface WriteSchedules {
  readonly policies: readonly Policy[];
  readonly slm: SlmState;
  /** Whether to pause or resume by what the policies say. False keeps what people did in the Temporal UI. */
  readonly setPaused: boolean;
}

/** Input of a run. */
export interface RunPolicyInput extends PolicyKey {
  /** Set by who was told the name beforehand. */
  readonly snapshot?: string;
  readonly retryWindowMs: number;
}

/** What a run has to do. */
export type BegunRun =
  /** The policy is not there any more. */
  | { readonly kind: 'gone' }
  | { readonly kind: 'refused'; readonly snapshot: string; readonly type: string; readonly reason: string }
  | { readonly kind: 'begun'; readonly input: CreateSnapshotInput; readonly timeLimitMs?: number };

/** Input of a retention: one policy, or all of SLM. */
export interface RetainInput {
  readonly kind: PolicyKind;
  readonly id?: string;
  readonly retryWindowMs: number;
}

/** Snapshots that a policy does not keep. */
export interface ExpiredSnapshots {
  readonly repository: JobRepository;
  readonly snapshots: readonly { readonly name: string; readonly uuid: string }[];
  readonly options: JobOptions;
}

/** Sent by a run at its end. */
export interface RunEnded extends PolicyKey {
  readonly run: PolicyRun;
}

/** Sent by a retention at its end. */
export interface RetentionEnded {
  readonly kind: PolicyKind;
  readonly startMillis: number;
  readonly endMillis: number;
  readonly policies: readonly {
    readonly id: string;
    readonly deleted: number;
    readonly failures: number;
    readonly failure?: string;
  }[];
}

/** Most characters of the details of a failure, as in Elasticsearch. */
export const MAX_DETAILS = 1_000;
/** Most policies of an installation. */
const MAX_POLICIES = 200;
/** Most bytes of one policy, and of all together, because they have to fit into one memo. */
const MAX_POLICY_BYTES = 32 * 1024;
const MAX_POLICIES_BYTES = 1024 * 1024;

const MEMO_PREFIX = 'policy/';
/** Memo field that shows {@link SlmState}. */
export const SLM_FIELD = 'slm';

/** Returns the name of the memo field that shows a policy. */
export function policyField({ kind, id }: PolicyKey): string {
  return `${MEMO_PREFIX}${kind}/${id}`;
}

/** Returns the id that a policy of snapshot management has as a document of OpenSearch. */
export function smDocumentId(name: string): string {
  return `${name}-sm-policy`;
}

/** Returns the policies that a memo of `policiesWorkflow` shows, sorted by kind and id. */
export function policiesIn(memo: Readonly<Record<string, unknown>> | undefined): Policy[] {
  return Object.entries(memo ?? {})
    .filter(([field, value]) => field.startsWith(MEMO_PREFIX) && value != null)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, value]) => value as Policy);
}

/** Returns what a memo of `policiesWorkflow` shows of SLM. */
export function slmStateIn(memo: Readonly<Record<string, unknown>> | undefined): SlmState {
  return (memo?.[SLM_FIELD] as SlmState | undefined) ?? INITIAL_SLM_STATE;
}

/** Throws `illegal_argument_exception` with the limit when a policy can't be kept beside `others`. */
export function checkPolicyBounds(one: NewPolicy, others: Iterable<NewPolicy>): void {
  const bytes = bytesOf(one);
  if (bytes > MAX_POLICY_BYTES) {
    throw refused(one, `it takes [${bytes}] bytes, at most [${MAX_POLICY_BYTES}] are kept; name fewer indices`);
  }
  const kept = [...others].filter((other) => policyField(other) !== policyField(one));
  if (kept.length >= MAX_POLICIES) {
    throw refused(one, `there are [${kept.length}] policies, at most [${MAX_POLICIES}] can be; delete one`);
  }
  const all = kept.reduce((sum, other) => sum + bytesOf(other), bytes);
  if (all > MAX_POLICIES_BYTES) {
    throw refused(one, `all policies would take [${all}] bytes, at most [${MAX_POLICIES_BYTES}] are kept; delete one`);
  }
}

function bytesOf(one: NewPolicy): number {
  return new TextEncoder().encode(JSON.stringify(one)).length;
}

function refused({ id }: NewPolicy, why: string): SnapkeepError {
  return new SnapkeepError('illegal_argument_exception', `policy [${id}] can't be kept: ${why}`);
}
