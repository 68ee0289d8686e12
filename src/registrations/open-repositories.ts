import { LRUCache } from 'lru-cache';
import { type BlobStore } from '../blobs/contract/blob-store';
import { type StorePolicy } from '../blobs/contract/store-policy';
import { openBlobStore } from '../blobs/open-blob-store';
import { type Registration } from '../contracts/registration';
import { Catalogue } from '../repository/catalogue/catalogue';
import { parseShownSettings } from './parse-settings';
import { type Sealer } from './sealer';
import { type WriteSettings } from './write-settings';

/** A repository ready for use by this process. */
export interface OpenRepository {
  readonly store: BlobStore;
  readonly catalogue: Catalogue;
  readonly write: WriteSettings;
}

/** Registrations kept open: more than any installation uses at once. */
const OPEN_KEPT = 200;

/** Opens registrations and keeps them open; each revision is opened for itself, since running jobs keep theirs. */
export class OpenRepositories {
  private readonly kept = new LRUCache<string, OpenRepository>({
    max: OPEN_KEPT,
    // Calls under way on the old store end by themselves; its idle sockets are all that is let go.
    dispose: ({ store }) => void store.close(),
  });

  constructor(
    private readonly policy: StorePolicy,
    private readonly sealer: Sealer,
  ) {}

  /** Throws what is wrong with the settings where this process, configured otherwise, does not admit them. */
  open(registration: Registration): OpenRepository {
    const { name, type, settings, sealedSecrets, revision } = registration;
    // Not by revision alone: revisions begin again where the workflow that counts them was terminated.
    const key = JSON.stringify([name, revision, type, settings, sealedSecrets]);
    const known = this.kept.get(key);
    if (known !== undefined) return known;
    const repository = this.openOnce(registration);
    this.kept.set(key, repository);
    return repository;
  }

  /** Opens without keeping: for a registration that is only being tried. The caller closes the store. */
  openOnce(registration: Omit<Registration, 'revision'>): OpenRepository {
    const { type, settings, sealedSecrets } = registration;
    const secrets = sealedSecrets === undefined ? undefined : this.sealer.unseal(sealedSecrets);
    const { store, write } = parseShownSettings(type, settings, this.policy);
    const opened = openBlobStore(store, secrets, write);
    return { store: opened, catalogue: new Catalogue(opened), write };
  }

  async close(): Promise<void> {
    await Promise.all([...this.kept.values()].map(({ store }) => store.close()));
    this.kept.clear();
  }
}
