import { type WorkflowExecutionDescription } from '@temporalio/client';
import { defaultPayloadConverter } from '@temporalio/common';
import { type ShardProgress, type ShardResult } from '../../contracts/jobs/copy';
import { type CopyProgress } from '../../contracts/jobs/job';

/** What the running activities of one workflow last said of themselves. */
export interface LiveProgress {
  /** Shards of a small group that are done, before the workflow knows. */
  readonly finished: readonly ShardResult[];
  /** What the running activities have written, shards of `finished` included. */
  readonly written: CopyProgress;
  /** Shards that activities are at which copy several; undefined where none of them says so. */
  readonly working?: readonly ShardProgress[];
}

const NOTHING: LiveProgress = { finished: [], written: { documents: 0, objects: 0, bytes: 0 } };

/** Heartbeat details as the data activities send them; only the parts that are shown. */
interface ShownHeartbeat {
  readonly cursor?: unknown;
  readonly progress?: CopyProgress;
  readonly working?: readonly ShardProgress[];
}

/** Reads the heartbeats of a workflow's pending activities: no worker takes part. */
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
    finished: Array.isArray(cursor) ? [...sum.finished, ...(cursor as ShardResult[])] : sum.finished,
    written: {
      documents: sum.written.documents + written.documents,
      objects: sum.written.objects + written.objects,
      bytes: sum.written.bytes + written.bytes,
    },
    working: working === undefined ? sum.working : [...(sum.working ?? []), ...working],
  };
}
