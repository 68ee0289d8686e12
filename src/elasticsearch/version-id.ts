/** OpenSearch flips this bit, so that its ids are above those of Elasticsearch. */
const OPENSEARCH_MASK = 0x08000000;

/** Returns a cluster's `version_id`: Elasticsearch 8.19.0 is 8190099, OpenSearch 3.8.0 is 137297827. */
export function versionId(version: string): number {
  const [major = 0, minor = 0, revision = 0] = version.split('.').map((part) => Number.parseInt(part, 10) || 0);
  const id = major * 1_000_000 + minor * 10_000 + revision * 100 + 99;
  // A snapshot's entry holds no product. No Elasticsearch this old can be read.
  return major <= 3 ? id ^ OPENSEARCH_MASK : id;
}

/** Returns whether the cluster is an Elasticsearch of at least this major version. */
export function isElasticsearch(
  info: { readonly product: 'elasticsearch' | 'opensearch'; readonly version: string },
  major: number,
): boolean {
  return info.product === 'elasticsearch' && Number.parseInt(info.version, 10) >= major;
}
