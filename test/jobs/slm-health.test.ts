import { type Policy } from '../../src/contracts/jobs/policy';
import { slmHealth } from '../../src/jobs/policies/slm-health';

const NOW = Date.parse('2026-01-02T00:00:00Z');
const DAY = 86_400_000;

function policy(more: Partial<Policy> = {}): Policy {
  return {
    kind: 'slm',
    id: 'p',
    shown: '{}',
    repository: 'r',
    snapshotName: 'n',
    request: { ignoreUnavailable: false, includeGlobalState: true, partial: false },
    enabled: true,
    version: 1,
    seqNo: 1,
    modifiedMillis: NOW - DAY,
    failuresSinceSuccess: 0,
    counts: { taken: 0, failed: 0, deleted: 0, deletionFailures: 0 },
    ...more,
  };
}

const of = (policies: readonly Policy[], running = true, verbose = true) =>
  slmHealth(policies, { running, retention: { runs: 0, failed: 0, timeMs: 0 } }, { verbose, size: 1, now: NOW });

describe('the health indicator of policies', () => {
  it('is green without policies, even if they are stopped, and while they run well', () => {
    expect(of([], false)).toMatchObject({ status: 'green', details: { slm_status: 'STOPPED', policies: 0 } });
    expect(of([policy({ failuresSinceSuccess: 4 })])).toMatchObject({ status: 'green', impacts: undefined });
  });

  it('is yellow with what to do while policies are stopped', () => {
    expect(of([policy()], false)).toMatchObject({
      status: 'yellow',
      impacts: [{ id: 'elasticsearch:health:slm:impact:automation_disabled', severity: 3 }],
      diagnosis: [{ action: 'Start Snapshot Lifecycle Management using [POST /_slm/start].' }],
    });
    expect(of([policy()], false, false)).toMatchObject({ status: 'yellow', details: undefined, diagnosis: undefined });
  });

  it('is yellow from five failures in a row on, and names as many policies as were asked for', () => {
    const lastSuccess = { snapshot: 's', startMillis: NOW - DAY, endMillis: NOW - DAY };
    const failing = policy({ failuresSinceSuccess: 5, lastSuccess });
    expect(of([failing, policy({ id: 'q', failuresSinceSuccess: 9 }), policy({ id: 'good' })])).toMatchObject({
      status: 'yellow',
      symptom: 'Encountered [2] unhealthy snapshot lifecycle management policies.',
      details: { unhealthy_policies: { count: 2, invocations_since_last_success: { p: 5, q: 9 } } },
      diagnosis: [
        {
          cause: expect.stringContaining(
            '[p] had [5] repeated failures without successful execution since [2026-01-01',
          ),
          affected_resources: { slm_policies: ['p'] },
        },
      ],
    });
  });

  it('is yellow when a policy had no good snapshot for longer than it may', () => {
    const late = policy({ unhealthyAfterMs: DAY - 1 });
    expect(of([late])).toMatchObject({
      status: 'yellow',
      impacts: [{ id: expect.stringContaining('missing_snapshot') }],
    });
    expect(of([policy({ unhealthyAfterMs: DAY })])).toMatchObject({ status: 'green' });
  });
});
