/** What a cluster keeps besides its indices, as snapshots hold it (FORMAT.md, "Global state"). */

/** The parts of a global state, in the order in which one part may refer to another. */
export const STATE_PARTS = [
  'storedScripts',
  'ingestPipelines',
  'searchPipelines',
  'ilmPolicies',
  'ismPolicies',
  'componentTemplates',
  'indexTemplates',
  'templates',
  'settings',
] as const;

export type StatePart = (typeof STATE_PARTS)[number];

/** What an item of each part is called. */
export const STATE_KINDS = {
  storedScripts: 'stored_script',
  ingestPipelines: 'ingest_pipeline',
  searchPipelines: 'search_pipeline',
  ilmPolicies: 'ilm_policy',
  ismPolicies: 'ism_policy',
  componentTemplates: 'component_template',
  indexTemplates: 'index_template',
  templates: 'template',
  settings: 'cluster_setting',
} as const satisfies Record<StatePart, string>;

export type StateKind = (typeof STATE_KINDS)[StatePart];

/** One setting, template, pipeline, policy or script. */
export interface StateItem {
  readonly name: string;
  /** Raw JSON text, as the cluster takes it back. */
  readonly body: string;
}

/** A part that the cluster has but did not show. */
export interface RefusedPart {
  readonly part: StatePart;
  readonly reason: string;
}

/** A cluster's global state. A part that is missing is one that the cluster has not, or refused to show. */
export interface GlobalState {
  /** Ascending by name. */
  readonly parts: Readonly<Partial<Record<StatePart, readonly StateItem[]>>>;
  readonly refused: readonly RefusedPart[];
}

/** Most characters of names and bodies in a global state. */
export const STATE_MAX_LENGTH = 32 * 1024 * 1024;

/** Returns the characters of names and bodies. */
export function stateLength({ parts }: GlobalState): number {
  const items = Object.values(parts).flat();
  return items.reduce((sum, { name, body }) => sum + name.length + body.length, 0);
}
