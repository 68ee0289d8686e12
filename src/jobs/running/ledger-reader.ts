import { LEDGER_MEMO, type ShownJobs } from '../../contracts/jobs/ledger';
import { workflowIds } from '../../contracts/workflow-ids';
import { type TemporalCalls } from '../temporal/temporal-calls';

const NO_JOBS: ShownJobs = { running: [], ended: [] };

/**
 * Reads the ledgers of places from the memo of their workflows (`repositoryWorkflow`), which needs no worker. Jobs
 * enter and leave a ledger by activities/ledger-client.
 */
export class LedgerReader {
  constructor(private readonly calls: TemporalCalls) {}

  /** Returns the jobs that the ledger of a place shows; none if no job ever ran there. */
  async read(place: string): Promise<ShownJobs> {
    const described = await this.calls.describe(workflowIds.repository(place));
    return (described?.memo?.[LEDGER_MEMO] as ShownJobs | undefined) ?? NO_JOBS;
  }
}
