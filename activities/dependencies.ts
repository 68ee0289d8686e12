import { type Client } from '@temporalio/client';
import { type Cluster } from '../src/cluster/cluster';
import { type JobOptions } from '../src/contracts/jobs/job';
import { type CodecPool } from '../src/documents/codec-pool';
import { type OpenRepositories } from '../src/registrations/open-repositories';
import { type NoteReader } from '../src/snapshotting/note-reader';

/** The dependencies of activities; one set per worker process. */
export interface Dependencies {
  readonly client: Client;
  readonly cluster: Cluster;
  readonly repositories: OpenRepositories;
  readonly pool: CodecPool;
  readonly notes: NoteReader;
  /** Identity of the worker. */
  readonly identity: string;
  /** Returns the options of the jobs that policies start. */
  readonly jobOptions: () => JobOptions;
  /** Quartz cron expression by which snapshots that SLM policies do not keep are deleted. */
  readonly slmRetentionSchedule: string;
}
