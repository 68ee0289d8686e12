import { type PolicyKey, type Retention } from '../src/contracts/jobs/policy';
import { expiredBySlm, expiredBySm } from '../src/elasticsearch/retention-rules';
import { matchesWildcard } from '../src/elasticsearch/wildcard';
import { type RootEntry } from '../src/repository/format/format';

/** Returns the snapshots of a repository that a policy took, or may delete by its pattern, and does not keep. */
export function expiredSnapshots(
  { kind, id }: PolicyKey,
  retention: Retention,
  snapshots: readonly RootEntry[],
  now: number,
): RootEntry[] {
  const { pattern } = retention;
  const isOf = ({ snapshot, metadata }: RootEntry): boolean =>
    policyIn(metadata, kind === 'slm' ? 'policy' : 'sm_policy') === id ||
    (pattern !== undefined && matchesWildcard(pattern, snapshot));
  const own = snapshots.filter(isOf);
  return kind === 'slm' ? expiredBySlm(retention, own, now) : expiredBySm(retention, own, now);
}

/** Returns a member of a snapshot's metadata. What else the metadata holds, other programs may have written. */
function policyIn(metadata: string | undefined, field: string): unknown {
  if (metadata === undefined) return undefined;
  const parsed = JSON.parse(metadata) as unknown;
  return typeof parsed === 'object' && parsed !== null ? (parsed as Record<string, unknown>)[field] : undefined;
}
