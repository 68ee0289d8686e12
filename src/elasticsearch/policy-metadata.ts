/** The metadata of snapshots that policies take: that of the policy's configuration, and the name of the policy. */
import { type NewPolicy } from '../contracts/jobs/policy';

/** As for any snapshot. */
const MAX_BYTES = 1024;

/** Returns the metadata field that names a policy. */
function policyMetadataField(kind: NewPolicy['kind']): string {
  return kind === 'slm' ? 'policy' : 'sm_policy';
}

/** Adds the name of the policy to metadata, which stays byte for byte as it came. Both are JSON text of an object. */
export function withPolicy(metadata: string | undefined, { kind, id }: Pick<NewPolicy, 'kind' | 'id'>): string {
  const own = `${JSON.stringify(policyMetadataField(kind))}:${JSON.stringify(id)}`;
  const inside = (metadata ?? '{}').trim().slice(1, -1).trim();
  return inside === '' ? `{${own}}` : `{${inside},${own}}`;
}

/** Returns why a policy can't have this metadata in Elasticsearch's words; undefined if it can. */
export function metadataProblem(
  metadata: string | undefined,
  policy: Pick<NewPolicy, 'kind' | 'id'>,
): string | undefined {
  if (metadata === undefined) return undefined;
  const field = policyMetadataField(policy.kind);
  if (Object.hasOwn(JSON.parse(metadata) as object, field)) {
    return `invalid configuration.metadata: field name [${field}] is reserved and will be added automatically`;
  }
  const bytes = Buffer.byteLength(metadata);
  const all = Buffer.byteLength(withPolicy(metadata, policy));
  if (all <= MAX_BYTES) return undefined;
  return `invalid configuration.metadata: must be smaller than [${MAX_BYTES - (all - bytes)}] bytes, but is [${bytes}] bytes`;
}

/** Returns the policy that a snapshot's metadata names; undefined if it names none. */
export function policyOf(metadata: string | undefined, kind: NewPolicy['kind']): unknown {
  if (metadata === undefined) return undefined;
  const parsed = JSON.parse(metadata) as Record<string, unknown> | null;
  return parsed?.[policyMetadataField(kind)];
}
