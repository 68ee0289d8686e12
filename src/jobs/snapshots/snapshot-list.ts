import { Coalescer } from '../../concurrency/coalescer';
import { inLanes } from '../../concurrency/lanes';
import { snapshotMissing } from '../../contracts/common-errors';
import { type Registration } from '../../contracts/registration';
import { type JsonObject } from '../../elasticsearch/json-value';
import { type Selection, selectNames } from '../../elasticsearch/name-lists';
import { unlessUnreadable } from '../../repository/catalogue/catalogue';
import { type SnapshotManifest } from '../../repository/format/format';
import { type Places } from '../reading/places';
import { type RepositoryReader } from '../reading/repository-reader';
import { type Repositories } from '../repositories/repositories';
import { type RunningJobs } from '../running/running-jobs';
import { type RunningViews } from './running-views';
import { type InfoForm, type InfoOptions, snapshotInfo } from './snapshot-info';
import { pageOf, type PageRequest } from './snapshot-page';
import { finishedView, type SnapshotView } from './snapshot-view';

export interface ListRequest extends InfoOptions {
  /** Expressions; `_all`, wildcards and lists. */
  readonly repositories: readonly string[];
  /** Expressions; `_current` selects the running snapshots. */
  readonly snapshots: readonly string[];
  readonly ignoreUnavailable: boolean;
  readonly page: PageRequest;
}

/** Manifests read concurrently. */
const READS_AT_ONCE = 8;

/** Lists the snapshots of repositories, finished and running ones. */
export class SnapshotList {
  private readonly shared = new Coalescer();

  constructor(
    private readonly repositories: Repositories,
    private readonly places: Places,
    private readonly jobs: RunningJobs,
    private readonly running: RunningViews,
    private readonly reader: RepositoryReader,
  ) {}

  /**
   * Answers `GET /_snapshot/{repository}/{snapshot}`; concurrent callers with the same request share the answer. Throws
   * `repository_missing_exception` or `snapshot_missing_exception`.
   */
  show(request: ListRequest): Promise<JsonObject> {
    return this.shared.ask(`show ${JSON.stringify(request)}`, () => this.read(request));
  }

  private async read(request: ListRequest): Promise<JsonObject> {
    const registrations = await this.repositories.select(request.repositories);
    const found = await Promise.all(
      registrations.map(async (registration) => {
        const views = await this.views(registration);
        return { registration, views: select(registration.name, views, request) };
      }),
    );
    const now = Date.now();
    const page = pageOf(
      found.flatMap(({ views }) => views),
      request.page,
      now,
    );
    const registrationOf = new Map(registrations.map((one) => [one.name, one]));
    const manifests = await this.manifests(page.shown, request, (view) => registrationOf.get(view.repository)!);
    return {
      snapshots: page.shown.map((view, i) => snapshotInfo(view, manifests[i], request, now)),
      next: page.next,
      total: page.total,
      remaining: page.remaining,
    };
  }

  /** Returns a finished snapshot as `wait_for_completion` answers it; undefined if it is not in the catalogue. */
  async finished(registration: Registration, uuid: string, form: InfoForm): Promise<JsonObject | undefined> {
    const root = await this.reader.readRoot(registration);
    const entry = root.snapshots.find((one) => one.uuid === uuid);
    if (entry === undefined) return undefined;
    const view = finishedView(registration.name, root, entry);
    const options = { verbose: true, indexDetails: false, indexNames: true, includeRepository: true, ...form };
    const [manifest] = await this.manifests([view], options, () => registration);
    return snapshotInfo(view, manifest, options, Date.now());
  }

  /**
   * Returns every snapshot of the repository. Concurrent callers share one answer, which was begun after the last of
   * them asked. Needs no worker, and writes nothing.
   */
  views(registration: Registration): Promise<readonly SnapshotView[]> {
    return this.shared.ask(`views ${JSON.stringify(registration)}`, () => this.readViews(registration));
  }

  /**
   * Reads the running jobs before the root, so that a job that ends in between is in the root and counts as finished.
   * If the root is another one than the known one, reads again, because its place has other jobs.
   */
  private async readViews(registration: Registration, mayRepeat = true): Promise<SnapshotView[]> {
    const place = await this.places.find(registration);
    const running = place === undefined ? [] : await this.jobs.snapshots(place);
    const root = await this.reader.readRoot(registration);
    if (mayRepeat && root.uuid !== '' && !this.places.confirm(registration, root.uuid)) {
      return this.readViews(registration, false);
    }
    const finished = new Set(root.snapshots.map((entry) => entry.snapshot));
    const unfinished = running.filter(({ job }) => !finished.has(job.snapshot));
    return [
      ...root.snapshots.map((entry) => finishedView(registration.name, root, entry)),
      ...(await Promise.all(unfinished.map((one) => this.running.view(registration, one)))),
    ];
  }

  /** Reads the manifests of the snapshots for which the root does not hold all that is shown. */
  private async manifests(
    views: readonly SnapshotView[],
    options: InfoOptions,
    registrationOf: (view: SnapshotView) => Registration,
  ): Promise<(SnapshotManifest | undefined)[]> {
    const manifests = new Array<SnapshotManifest | undefined>(views.length);
    const wanted = [...views.entries()].filter(
      ([, view]) => view.entry !== undefined && options.verbose && (options.indexDetails || view.shards.failed > 0),
    );
    await inLanes(wanted, READS_AT_ONCE, async ([i, view]) => {
      manifests[i] = await this.reader.read(registrationOf(view), (catalogue, signal) =>
        // A manifest that can't be read must not fail the list; the failures of its snapshot are then unknown.
        unlessUnreadable(catalogue.readSnapshotManifest(view.entry!.manifest, { signal })),
      );
    });
    return manifests;
  }
}

/** Returns the snapshots that the expressions select. Throws `snapshot_missing_exception` for a name that none has. */
export function select(
  repository: string,
  views: readonly SnapshotView[],
  request: { readonly snapshots: readonly string[]; readonly ignoreUnavailable: boolean },
  selection: (parts: readonly string[], available: readonly string[]) => Selection = selectNames,
): SnapshotView[] {
  const parts = request.snapshots.filter((part) => part !== '_current');
  const { selected, missing } = selection(
    parts,
    views.map((view) => view.snapshot),
  );
  const [unknown] = missing;
  if (unknown !== undefined && !request.ignoreUnavailable) throw snapshotMissing(repository, unknown);
  const names = new Set(selected);
  const withRunning = request.snapshots.includes('_current');
  return views.filter((view) => names.has(view.snapshot) || (withRunning && view.state === 'IN_PROGRESS'));
}
