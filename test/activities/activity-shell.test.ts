import { ApplicationFailure, CancelledFailure } from '@temporalio/common';
import { MockActivityEnvironment } from '@temporalio/testing';
import { type Heartbeat, runActivity, toFailure } from '../../activities/activity-shell';
import { SnapkeepError } from '../../src/contracts/errors';

const WINDOW_MS = 60_000;
const AGO = (ms: number): number => Date.now() - ms;

const LOGGER = { log() {}, trace() {}, debug() {}, info() {}, warn() {}, error() {} };

function environment(info: { attempt?: number; scheduledMs?: number; heartbeat?: Heartbeat<number> } = {}) {
  return new MockActivityEnvironment(
    {
      attempt: info.attempt ?? 1,
      scheduledTimestampMs: info.scheduledMs ?? Date.now(),
      heartbeatDetails: info.heartbeat,
    },
    { logger: LOGGER },
  );
}

async function failureOf(running: Promise<unknown>): Promise<ApplicationFailure> {
  const failure = await running.then(
    () => undefined,
    (error: unknown) => error,
  );
  expect(failure).toBeInstanceOf(ApplicationFailure);
  return failure as ApplicationFailure;
}

describe('an activity', () => {
  it('goes on from the cursor of the attempt before', async () => {
    const heartbeat = { cursor: 7, progressMillis: Date.now() };
    const resumed = environment({ attempt: 2, heartbeat }).run(() =>
      runActivity<number | undefined, number>(async ({ resumeFrom }) => resumeFrom, WINDOW_MS),
    );
    expect(await resumed).toBe(7);
  });

  it('sends its cursor with a heartbeat as soon as it moves', async () => {
    const mock = environment();
    const beats: Heartbeat<number>[] = [];
    mock.on('heartbeat', (details: Heartbeat<number>) => beats.push(details));
    await mock.run(() => runActivity<void, number>(async ({ advance }) => advance(3), WINDOW_MS));
    expect(beats.map(({ cursor }) => cursor)).toEqual([3]);
  });

  it('is tried again for a failure that may pass, while there was progress within the window', async () => {
    const heartbeat = { cursor: 1, progressMillis: AGO(WINDOW_MS / 2) };
    const mock = environment({ attempt: 9, scheduledMs: AGO(WINDOW_MS * 10), heartbeat });
    const failure = await failureOf(
      mock.run(() => runActivity(() => Promise.reject(new SnapkeepError('store_unavailable', 'away')), WINDOW_MS)),
    );
    expect(failure).toMatchObject({ type: 'store_unavailable', nonRetryable: false, message: 'away' });
  });

  it('gives up a failure that may pass when there was no progress for the window', async () => {
    const mock = environment({ scheduledMs: AGO(WINDOW_MS * 2) });
    const failure = await failureOf(
      mock.run(() => runActivity(() => Promise.reject(new SnapkeepError('store_unavailable', 'away')), WINDOW_MS)),
    );
    expect(failure).toMatchObject({ type: 'store_unavailable', nonRetryable: true });
    expect(failure.message).toContain('no progress within the retry window');
  });

  it('gives up at its begin when attempts before it ended without a word for the window', async () => {
    let worked = false;
    const failure = await failureOf(
      environment({ attempt: 5, scheduledMs: AGO(WINDOW_MS * 4) }).run(() =>
        runActivity(async () => {
          worked = true;
        }, WINDOW_MS),
      ),
    );
    expect(failure).toMatchObject({ type: 'worker_unavailable', nonRetryable: true });
    expect(worked).toBe(false);
  });

  it('counts the window from the last progress, not from the last attempt', async () => {
    const mock = environment({ scheduledMs: AGO(WINDOW_MS * 2) });
    const failure = await failureOf(
      mock.run(() =>
        runActivity(async ({ progress }) => {
          progress({ documents: 1, objects: 0, bytes: 0 });
          throw new SnapkeepError('store_unavailable', 'away');
        }, WINDOW_MS),
      ),
    );
    expect(failure.nonRetryable).toBe(false);
  });

  it('ends as cancelled when its job is cancelled, whatever the interrupted call threw', async () => {
    const mock = environment();
    const running = mock.run(() =>
      runActivity(
        ({ signal }) =>
          new Promise((_, reject) => {
            signal.addEventListener('abort', () => reject(new SnapkeepError('store_unavailable', 'aborted')));
          }),
        WINDOW_MS,
      ),
    );
    mock.cancel('CANCELLED');
    await expect(running).rejects.toBeInstanceOf(CancelledFailure);
  });
});

describe('what Temporal records of an error', () => {
  it('is final for what the request or the configuration would have to change', () => {
    expect(toFailure(new SnapkeepError('store_access_denied', 'no'), false)).toMatchObject({
      type: 'store_access_denied',
      nonRetryable: true,
    });
  });

  it('is final for a base that changed: the workflow plans again, a retry would meet the same', () => {
    expect(toFailure(new SnapkeepError('base_changed', 'moved'), false).nonRetryable).toBe(true);
  });

  it('is final for a programming error, whose cause it keeps', () => {
    const cause = new TypeError('x is undefined');
    expect(toFailure(cause, false)).toMatchObject({ type: 'internal', nonRetryable: true, cause });
  });

  it('keeps a failure that is one already', () => {
    const failure = ApplicationFailure.create({ type: 'base_changed', message: 'm' });
    expect(toFailure(failure, true)).toBe(failure);
  });
});
