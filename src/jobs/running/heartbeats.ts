import { type WorkflowExecutionDescription } from '@temporalio/client';
import { defaultPayloadConverter } from '@temporalio/common';
import { type ShardProgress, type ShardResult } from '../../contracts/jobs/copy';
import { type CopyProgress, NO_PROGRESS } from '../../contracts/jobs/job';

/** Progress that the running activities of one workflow reported in their last heartbeats. */
export interface LiveProgress {
  /** Shards of groups that are done, though the workflow has not recorded them yet. */
  readonly finished: readonly ShardResult[];
  /** Amounts that the running activities have written, including the shards of `finished`. */
  readonly written: CopyProgress;
  /** Shards that activities with several shards copy now; undefined if no activity reports them. */
  readonly working?: readonly ShardProgress[];
}

const NOTHING: LiveProgress = { finished: [], written: NO_PROGRESS };

/** The heartbeat details of data activities, as far as they are shown. */
interface ShownHeartbeat {
  readonly cursor?: { readonly results?: readonly ShardResult[] };
  readonly progress?: CopyProgress;
  readonly working?: readonly ShardProgress[];
}

/** Returns the progress in the heartbeats of a workflow's pending activities. Needs no worker. */
export function heartbeatsOf({ raw }: WorkflowExecutionDescription): LiveProgress {
  return (raw.pendingActivities ?? []).reduce((sum, activity) => {
    const payload = activity.heartbeatDetails?.payloads?.[0];
    return payload == null ? sum : plus(sum, defaultPayloadConverter.fromPayload<ShownHeartbeat>(payload));
  }, NOTHING);
}

function plus(sum: LiveProgress, heartbeat: ShownHeartbeat): LiveProgress {
  const { cursor, progress, working } = heartbeat;
  const written = progress ?? NOTHING.written;
  return {
    finished: [...sum.finished, ...(cursor?.results ?? [])],
    written: {
      documents: sum.written.documents + written.documents,
      objects: sum.written.objects + written.objects,
      bytes: sum.written.bytes + written.bytes,
    },
    working: working === undefined ? sum.working : [...(sum.working ?? []), ...working],
  };
}
