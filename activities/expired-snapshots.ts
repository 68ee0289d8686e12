import { type PolicyKey, type Retention } from '../src/contracts/jobs/policy';
import { policyOf } from '../src/elasticsearch/policy-metadata';
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
    policyOf(metadata, kind) === id || (pattern !== undefined && matchesWildcard(pattern, snapshot));
  const own = snapshots.filter(isOf);
  return kind === 'slm' ? expiredBySlm(retention, own, now) : expiredBySm(retention, own, now);
}
