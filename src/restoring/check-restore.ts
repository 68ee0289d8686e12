/**
 * Finds what would make a restore fail, before anything is written: names, aliases, settings, limits of the cluster.
 */
import { setImmediate as turn } from 'node:timers/promises';
import { type Cluster } from '../cluster/cluster';
import { askedSettings, restorableIndex, restoredAliases, shardCopies } from '../cluster/writing/restorable-index';
import { type TargetState } from '../cluster/writing/target-state';
import { restoreRefused } from '../contracts/common-errors';
import { SnapkeepError } from '../contracts/errors';
import { type IndexRestore, type RestoreRequest } from '../contracts/jobs/restore';
import { aliasNameProblem, indexNameProblem } from '../elasticsearch/index-name-rules';
import { type SnapshotManifest } from '../repository/format/format';
import { entryOf, type StreamRestore } from './plan-restore';

/** Indices that are checked between two turns of the event loop. */
const INDICES_PER_TURN = 200;

/**
 * Throws when the plan cannot be carried out, with the reason and the status that Elasticsearch gives: names that no
 * index can have, or that something else has; aliases that are names of indices; settings that may not change or do
 * not parse; a cluster that takes no index, or not so many shards. `where` is `repository:snapshot`, for messages.
 */
export async function checkRestore(
  cluster: Cluster,
  where: string,
  manifest: SnapshotManifest,
  { plan, streams }: { readonly plan: readonly IndexRestore[]; readonly streams: readonly StreamRestore[] },
  request: RestoreRequest,
  signal: AbortSignal,
): Promise<void> {
  for (const { target } of [...plan, ...streams]) {
    const problem = indexNameProblem(target);
    if (problem === undefined) continue;
    throw new SnapkeepError('invalid_index_name_exception', `Invalid index name [${target}], ${problem}`, {
      details: { index: target },
    });
  }
  if (plan.length === 0) return;
  const state = await cluster.targetState(signal);
  for (const { target } of plan) refuseTaken(where, target, state);
  for (const { target } of streams) {
    if (!state.dataStreams.has(target) && !state.indices.has(target) && !state.aliases.has(target)) continue;
    throw restoreRefused(where, `cannot restore data stream [${target}] because something of that name exists`, target);
  }
  const targets = new Set(plan.map(({ target }) => target));
  let shards = 0;
  for (const [i, index] of plan.entries()) {
    const entry = entryOf(manifest, index.ordinal);
    restorableIndex(entry, request);
    shards += index.shards * shardCopies(entry, request);
    for (const { name } of restoredAliases(entry, request)) refuseAlias(where, index.target, name, targets, state);
    if (i % INDICES_PER_TURN === INDICES_PER_TURN - 1) await turn();
  }
  if (state.block !== undefined) {
    throw new SnapkeepError(
      'cluster_block_exception',
      `blocked by: [${state.block}]; the cluster takes no new index: lift the block and restore again`,
    );
  }
  if (state.room !== undefined && shards > state.room.shards) {
    throw new SnapkeepError(
      'validation_exception',
      `Validation Failed: 1: this action would add [${shards}] shards, but this cluster currently has [${state.room.open}]/[${state.room.limit}] maximum shards open; ` +
        'raise [cluster.max_shards_per_node], or restore fewer indices or replicas;',
    );
  }
  const asked = askedSettings(request);
  const problem = asked.size === 0 ? undefined : await cluster.settingsProblem(asked, signal);
  if (problem !== undefined) throw new SnapkeepError('illegal_argument_exception', problem);
}

function refuseTaken(where: string, target: string, state: TargetState): void {
  const aliases = state.indices.get(target);
  if (aliases !== undefined) {
    const restored = aliases.some((alias) => alias.startsWith('.snapkeep-restore-'));
    throw restoreRefused(
      where,
      restored
        ? `cannot restore index [${target}] because another restore is writing it`
        : `cannot restore index [${target}] because an open index with same name already exists in the cluster. ` +
            'Either delete the existing index or restore the index under a different name by providing a rename pattern and replacement name',
      target,
    );
  }
  const other = state.aliases.has(target) ? 'alias' : state.dataStreams.has(target) ? 'data stream' : undefined;
  if (other === undefined) return;
  throw new SnapkeepError(
    'invalid_index_name_exception',
    `Invalid index name [${target}], already exists as ${other}`,
    {
      details: { index: target },
    },
  );
}

function refuseAlias(
  where: string,
  target: string,
  alias: string,
  targets: ReadonlySet<string>,
  state: TargetState,
): void {
  const problem = aliasNameProblem(alias);
  if (problem !== undefined) {
    throw new SnapkeepError('invalid_alias_name_exception', `Invalid alias name [${alias}]: ${problem}`, {
      details: { index: target },
    });
  }
  const other = targets.has(alias)
    ? 'a restored index'
    : state.indices.has(alias)
      ? 'an index'
      : state.dataStreams.has(alias)
        ? 'a data stream'
        : undefined;
  if (other === undefined) return;
  throw restoreRefused(
    where,
    `cannot restore index [${target}] because its alias [${alias}] is the name of ${other}; set [include_aliases] to false, or rename the alias by [rename_alias_pattern] and [rename_alias_replacement]`,
    target,
  );
}
