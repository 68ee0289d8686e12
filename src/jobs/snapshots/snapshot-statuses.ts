import { Coalescer } from '../../concurrency/coalescer';
import { SnapkeepError } from '../../contracts/errors';
import { type Registration } from '../../contracts/registration';
import { type JsonObject } from '../../elasticsearch/json-value';
import { selectExactly, selectNames } from '../../elasticsearch/name-lists';
import { changedShards } from '../../snapshotting/job-plan';
import { type RepositoryReader } from '../reading/repository-reader';
import { type Repositories } from '../repositories/repositories';
import { type ShardProgressReader } from '../running/shard-progress';
import { type RunningViews } from './running-views';
import { finishedRows, type IndexRows, runningRows } from './shard-rows';
import { select, type SnapshotList } from './snapshot-list';
import { type SnapshotView } from './snapshot-view';
import { statusJson } from './status-json';

interface StatusRequest {
  readonly repositories: readonly string[];
  /** Unset: all running snapshots. */
  readonly snapshots?: readonly string[];
  /** Unset: all indices. */
  readonly indices?: readonly string[];
  readonly ignoreUnavailable: boolean;
  /** Adds sizes and times for people. */
  readonly human: boolean;
}

/** Answers `_status`. Reads one object per finished snapshot, and queries the jobs of running ones. */
export class SnapshotStatuses {
  private readonly shared = new Coalescer();

  constructor(
    private readonly repositories: Repositories,
    private readonly list: SnapshotList,
    private readonly running: RunningViews,
    private readonly progress: ShardProgressReader,
    private readonly reader: RepositoryReader,
  ) {}

  /**
   * Returns the answer, which concurrent callers with the same request share. Throws `repository_missing_exception`,
   * `snapshot_missing_exception` or `index_not_found_exception`.
   */
  show(request: StatusRequest): Promise<JsonObject> {
    return this.shared.ask(JSON.stringify(request), () => this.read(request));
  }

  private async read(request: StatusRequest): Promise<JsonObject> {
    const registrations = await this.repositories.select(request.repositories);
    const statuses = await Promise.all(registrations.map((one) => this.ofRepository(one, request)));
    return { snapshots: statuses.flat() };
  }

  private async ofRepository(registration: Registration, request: StatusRequest): Promise<JsonObject[]> {
    // As in Elasticsearch, wildcards are names like any other, and [_all] selects the running snapshots.
    const all = request.snapshots === undefined || (request.snapshots.length === 1 && request.snapshots[0] === '_all');
    const views = select(
      registration.name,
      await this.list.views(registration),
      { snapshots: all ? ['_current'] : request.snapshots!, ignoreUnavailable: request.ignoreUnavailable },
      selectExactly,
    );
    return Promise.all(views.map((view) => this.ofSnapshot(registration, view, request)));
  }

  private async ofSnapshot(
    registration: Registration,
    view: SnapshotView,
    request: StatusRequest,
  ): Promise<JsonObject> {
    const now = Date.now();
    const rows = await this.rows(registration, view, now);
    const end = view.endMillis === 0 ? now : view.endMillis;
    return statusJson({ ...view, millis: Math.max(0, end - view.startMillis) }, pick(rows, request), request.human);
  }

  private async rows(registration: Registration, view: SnapshotView, now: number): Promise<readonly IndexRows[]> {
    const { entry, running } = view;
    if (entry !== undefined) {
      const manifest = await this.reader.read(registration, (catalogue, signal) =>
        catalogue.readSnapshotManifest(entry.manifest, { signal }),
      );
      return finishedRows(manifest);
    }
    if (running === undefined) return [];
    const plan = await this.running.plan(registration, running.shown.plan);
    if (plan === undefined) return [];
    const expected = changedShards(plan).map((shard) => shard.plan.documents);
    return runningRows(plan, await this.progress.read(running, expected), now);
  }
}

function pick(rows: readonly IndexRows[], request: StatusRequest): readonly IndexRows[] {
  if (request.indices === undefined) return rows;
  const { selected, missing } = selectNames(
    request.indices,
    rows.map((row) => row.name),
  );
  const [index] = missing;
  if (index !== undefined && !request.ignoreUnavailable) {
    throw new SnapkeepError('index_not_found_exception', `no such index [${index}] in the snapshot`, {
      details: { index },
    });
  }
  return rows.filter((row) => selected.includes(row.name));
}
