import { createHash } from 'node:crypto';

/** Returns an id of the form that a cluster's nodes have, always the same for the same process. */
export function nodeId(identity: string): string {
  return createHash('sha256').update(identity).digest('base64url').slice(0, 22);
}
