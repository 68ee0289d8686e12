import { snapshotMissing } from '../../contracts/common-errors';
import { type GlobalState, STATE_KINDS, STATE_PARTS } from '../../contracts/global-state';
import { type Totals } from '../../contracts/stored';
import { type JsonObject } from '../../elasticsearch/json-value';
import { isoTime } from '../../elasticsearch/values';
import { readGlobalState } from '../../repository/committing/keep-global-state';
import { type SnapshotManifest } from '../../repository/format/format';
import { momentOf } from '../../repository/format/moment';
import { sumTotals } from '../../repository/format/shard-totals';
import { type RepositoryReader } from '../reading/repository-reader';
import { type RegistrationsClient } from '../repositories/registrations-client';
import { type SnapshotList } from './snapshot-list';

/** Shows what `GET _snapshot` has no field for: the moment of a snapshot, and what each of its indices takes. */
export class SnapshotDetails {
  constructor(
    private readonly registrations: RegistrationsClient,
    private readonly list: SnapshotList,
    private readonly reader: RepositoryReader,
  ) {}

  /**
   * Answers `GET /_snapkeep/snapshots/{repository}/{snapshot}`. A running snapshot has its names and its state only.
   * Throws `repository_missing_exception` or `snapshot_missing_exception`.
   */
  async show(repository: string, snapshot: string): Promise<JsonObject> {
    const registration = await this.registrations.get(repository);
    const view = (await this.list.views(registration)).find((one) => one.snapshot === snapshot);
    if (view === undefined) throw snapshotMissing(repository, snapshot);
    const { uuid, state, entry } = view;
    if (entry === undefined) return { repository, snapshot, uuid, state };
    const [manifest, globalState] = await this.reader.read(registration, async (catalogue, signal) => {
      const read = await catalogue.readSnapshotManifest(entry.manifest, { signal });
      const { globalState: ref } = read;
      return [read, ref && (await readGlobalState(catalogue.store, ref, { signal }))] as const;
    });
    const details = { ...detailsJson(manifest), global_state: globalState && stateJson(globalState) };
    return { repository, snapshot, uuid, state, ...details };
  }
}

/** Prints what a manifest tells. Pure. */
function detailsJson(manifest: SnapshotManifest): JsonObject {
  const moment = momentOf(manifest);
  return {
    moment: moment && {
      from: isoTime(moment.fromMillis),
      to: isoTime(moment.toMillis),
      spread_in_millis: moment.toMillis - moment.fromMillis,
    },
    ...totalsJson(manifest.totals),
    indices: Object.fromEntries(manifest.indices.map(({ name, shards }) => [name, totalsJson(sumTotals(shards))])),
  };
}

/** Prints how much of each part a global state holds, and which parts its cluster refused to show. */
function stateJson({ parts, refused }: GlobalState): JsonObject {
  const counts = STATE_PARTS.flatMap((part) => {
    const items = parts[part];
    return items === undefined ? [] : [[STATE_KINDS[part], items.length] as const];
  });
  const leftOut = refused.map(({ part, reason }) => ({ kind: STATE_KINDS[part], name: '*', reason }));
  return { ...Object.fromEntries(counts), left_out: leftOut };
}

function totalsJson({ documents, bytes, addedBytes }: Totals): JsonObject {
  return { documents, bytes, own_bytes: addedBytes, shared_bytes: bytes - addedBytes };
}
