/**
 * Whose credentials requests to the cluster carry: `cluster` means the caller's, and the cluster says what they may do;
 * `none` means Snapkeep's own, for whoever reaches the front door.
 */
export type Auth = 'none' | 'cluster';
