/**
 * Credentials that requests to the cluster carry. `cluster`: the caller's, and the cluster decides what the caller may
 * do. `none`: Snapkeep's own, for every caller that reaches the front door.
 */
export type Auth = 'none' | 'cluster';
