import { WorkflowFailedError, WorkflowUpdateFailedError } from '@temporalio/client';
import { ActivityFailure, ApplicationFailure, CancelledFailure } from '@temporalio/common';
import { SnapkeepError } from '../../src/contracts/errors';
import { asSnapkeepError, isStopped } from '../../src/jobs/temporal/temporal-failures';

describe('failures of jobs', () => {
  it('are the errors that activities threw, with code, words and facts', () => {
    const failure = ApplicationFailure.create({
      type: 'snapshot_restore_exception',
      message: '[r:s] cannot restore index [a]',
      details: [{ index: 'a' }],
    });
    const wrapped = new ActivityFailure('failed', 'beginRestore', '1', 'MAXIMUM_ATTEMPTS_REACHED', undefined, failure);
    for (const thrown of [
      new WorkflowUpdateFailedError('update failed', failure),
      new WorkflowFailedError('failed', wrapped, 'NON_RETRYABLE_FAILURE'),
    ]) {
      const error = asSnapkeepError(thrown) as SnapkeepError;
      expect(error).toBeInstanceOf(SnapkeepError);
      expect(error).toMatchObject({
        code: 'snapshot_restore_exception',
        message: '[r:s] cannot restore index [a]',
        details: { index: 'a' },
      });
    }
  });

  it('that are of no known kind are internal', () => {
    const unknown = new WorkflowFailedError('x', ApplicationFailure.create({ type: 'TypeError' }), 'TIMEOUT');
    expect(asSnapkeepError(unknown)).toMatchObject({ code: 'internal' });
    const other = new Error('not from Temporal');
    expect(asSnapkeepError(other)).toBe(other);
  });

  it('that are Temporal not answering name Temporal', () => {
    const grpc = Object.assign(new Error('14 UNAVAILABLE'), { code: 14, details: 'No connection', metadata: {} });
    expect(asSnapkeepError(grpc)).toMatchObject({ code: 'temporal_unavailable' });
  });

  it('that are cancellations are told apart', () => {
    const cancelled = new WorkflowFailedError('cancelled', new CancelledFailure('cancelled'), 'CANCEL_REQUESTED');
    expect(isStopped(cancelled)).toBe(true);
    expect(isStopped(new WorkflowFailedError('x', new Error('x'), 'TIMEOUT'))).toBe(false);
  });
});
