import { complaintIn } from '../cluster/http/cluster-failures';

/** Returns the reason for which the cluster refuses a request for good; undefined if it takes it. */
export async function refusal(request: () => Promise<unknown>): Promise<string | undefined> {
  try {
    await request();
    return undefined;
  } catch (error) {
    const complaint = complaintIn(error);
    const status = complaint?.status;
    if (complaint === undefined || status === undefined || PASSING.has(status) || status > 500) throw error;
    return complaint.reason;
  }
}

/** Statuses of requests that may succeed later. */
const PASSING: ReadonlySet<number> = new Set([408, 429]);
