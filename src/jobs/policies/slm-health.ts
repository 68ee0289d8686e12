/** The health indicator `slm`, by the rules and in the words of Elasticsearch. Pure. */
import { type Policy, type SlmState } from '../../contracts/jobs/policy';
import { type JsonObject } from '../../elasticsearch/json-value';
import { isoTime, timeValue } from '../../elasticsearch/values';

interface HealthOptions {
  /** Whether details and diagnoses are told. */
  readonly verbose: boolean;
  /** Most policies that a diagnosis names. */
  readonly size: number;
  readonly now: number;
}

/** Failures in a row from which on a policy is unhealthy: the default of Elasticsearch's setting. */
const FAILURES = 5;

/** Returns what the indicator says. Status is green or yellow. */
export function slmHealth(policies: readonly Policy[], slm: SlmState, options: HealthOptions): JsonObject {
  if (policies.length === 0) {
    return indicator('green', 'No Snapshot Lifecycle Management policies configured', { policies, slm, options });
  }
  if (!slm.running) {
    return indicator('yellow', 'Snapshot Lifecycle Management is not running', {
      policies,
      slm,
      options,
      impact: ['automation_disabled', 3, NOT_RUNNING],
      diagnosis: {
        ...diagnosis('slm_disabled', 'fix-slm'),
        cause: 'Snapshot Lifecycle Management is stopped',
        action: 'Start Snapshot Lifecycle Management using [POST /_slm/start].',
      },
    });
  }
  const failing = policies.filter(({ failuresSinceSuccess }) => failuresSinceSuccess >= FAILURES);
  const late = policies.filter((policy) => isLate(policy, options.now));
  const unhealthy = failing.length > 0 ? failing : late;
  if (unhealthy.length === 0) {
    return indicator('green', 'Snapshot Lifecycle Management is running', { policies, slm, options });
  }
  const isFailing = failing.length > 0;
  const several = unhealthy.length > 1;
  const causes = unhealthy.map(isFailing ? failureOf : latenessOf).join('\n');
  const details = unhealthy.map(({ id }) => `- GET /_slm/policy/${id}?human`).join('\n');
  return indicator('yellow', `Encountered [${unhealthy.length}] unhealthy snapshot lifecycle management policies.`, {
    policies,
    slm,
    options,
    unhealthy,
    impact: isFailing ? ['stale_snapshots', 2, STALE] : ['missing_snapshot', 2, MISSING],
    diagnosis: {
      ...diagnosis('check_recent_snapshot_failures', 'fix-recent-snapshot-failures'),
      cause: `${several ? 'Several automated snapshot policies are' : 'An automated snapshot policy is'} unhealthy:\n${causes}`,
      action: `Check the snapshot lifecycle ${several ? 'policies' : 'policy'} for detailed failure info:\n${details}`,
      affected_resources: { slm_policies: unhealthy.slice(0, options.size).map(({ id }) => id) },
    },
  });
}

const NOT_RUNNING = 'Scheduled snapshots are not running. New backup snapshots will not be created automatically.';
const STALE =
  'Some automated snapshots have not had a successful execution recently. Indices restored from affected snapshots may not contain recent changes.';
const MISSING = 'Some snapshot lifecycle policies have not had a snapshot for a long time';

interface Findings {
  readonly policies: readonly Policy[];
  readonly slm: SlmState;
  readonly options: HealthOptions;
  readonly unhealthy?: readonly Policy[];
  readonly impact?: readonly [id: string, severity: number, description: string];
  readonly diagnosis?: JsonObject;
}

function indicator(status: 'green' | 'yellow', symptom: string, findings: Findings): JsonObject {
  const { policies, slm, options, unhealthy, impact, diagnosis: found } = findings;
  return {
    status,
    symptom,
    details: options.verbose
      ? {
          slm_status: slm.running ? 'RUNNING' : 'STOPPED',
          policies: policies.length,
          unhealthy_policies: unhealthy && {
            count: unhealthy.length,
            invocations_since_last_success: Object.fromEntries(
              unhealthy.map(({ id, failuresSinceSuccess }) => [id, failuresSinceSuccess]),
            ),
          },
        }
      : undefined,
    impacts: impact && [
      {
        id: `elasticsearch:health:slm:impact:${impact[0]}`,
        severity: impact[1],
        description: impact[2],
        impact_areas: ['backup'],
      },
    ],
    diagnosis: found && options.verbose ? [found] : undefined,
  };
}

function diagnosis(id: string, page: string): JsonObject {
  return { id: `elasticsearch:health:slm:diagnosis:${id}`, help_url: `https://ela.st/${page}` };
}

function isLate(policy: Policy, now: number): boolean {
  return policy.unhealthyAfterMs !== undefined && now - lastStart(policy) > policy.unhealthyAfterMs;
}

/** Returns the start of the last good snapshot; without one, the time of the policy's last change. */
function lastStart({ lastSuccess, modifiedMillis }: Policy): number {
  return lastSuccess?.startMillis ?? modifiedMillis;
}

function failureOf({ id, failuresSinceSuccess, lastSuccess }: Policy): string {
  const since = lastSuccess?.startMillis === undefined ? '' : ` since [${isoTime(lastSuccess.startMillis)}]`;
  return `- [${id}] had [${failuresSinceSuccess}] repeated failures without successful execution${since}`;
}

function latenessOf(policy: Policy): string {
  const within = timeValue(policy.unhealthyAfterMs ?? 0);
  return `[${policy.id}] has not had a snapshot ${within}, since [${isoTime(lastStart(policy))}]`;
}
