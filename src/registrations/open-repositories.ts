import { LRUCache } from 'lru-cache';
import { type BlobStore } from '../blobs/contract/blob-store';
import { type StorePolicy } from '../blobs/contract/store-policy';
import { openBlobStore } from '../blobs/open-blob-store';
import { type Registration } from '../contracts/registration';
import { Catalogue } from '../repository/catalogue/catalogue';
import { parseShownSettings } from './parse-settings';
import { type Sealer } from './sealer';
import { type WriteSettings } from './write-settings';

/** A repository that this process has opened. */
export interface OpenRepository {
  readonly store: BlobStore;
  readonly catalogue: Catalogue;
  readonly write: WriteSettings;
}

/** Maximum of repositories kept open, more than an installation uses at once. */
const OPEN_KEPT = 200;

/** Opens repositories and keeps them open. Opens each revision separately, because running jobs keep theirs. */
export class OpenRepositories {
  private readonly kept = new LRUCache<string, OpenRepository>({
    max: OPEN_KEPT,
    // Closing a store only closes its idle sockets. Calls in progress still end.
    dispose: ({ store }) => void store.close(),
  });

  constructor(
    private readonly policy: StorePolicy,
    private readonly sealer: Sealer,
  ) {}

  /**
   * Opens a registered repository, or returns the one that is open.
   *
   * Throws `repository_settings_invalid` when this process, configured otherwise than the one that registered it, does
   * not allow its settings or can't unseal its credentials.
   */
  open(registration: Registration): OpenRepository {
    const { name, type, settings, sealedSecrets, revision } = registration;
    // The revision alone does not identify it: revisions start over when the workflow that counts them is terminated.
    const key = JSON.stringify([name, revision, type, settings, sealedSecrets]);
    const known = this.kept.get(key);
    if (known !== undefined) return known;
    const repository = this.openOnce(registration);
    this.kept.set(key, repository);
    return repository;
  }

  /**
   * Opens a registration that is being verified, without keeping it open. The caller closes the store.
   *
   * Throws as {@link open}.
   */
  openOnce(registration: Omit<Registration, 'revision'>): OpenRepository {
    const { type, settings, sealedSecrets } = registration;
    const secrets = sealedSecrets === undefined ? undefined : this.sealer.unseal(sealedSecrets);
    const { store, write } = parseShownSettings(type, settings, this.policy);
    const opened = openBlobStore(store, secrets, write, this.policy.environment);
    return { store: opened, catalogue: new Catalogue(opened), write };
  }

  /** Closes all stores that are kept open. */
  async close(): Promise<void> {
    await Promise.all([...this.kept.values()].map(({ store }) => store.close()));
    this.kept.clear();
  }
}
