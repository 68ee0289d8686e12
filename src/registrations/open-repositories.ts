import { type BlobStore } from '../blobs/blob-store';
import { openBlobStore } from '../blobs/open-blob-store';
import { type Registration } from '../contracts/registration';
import { type WriteSettings } from '../contracts/repository-settings';
import { Catalogue } from '../repository/catalogue';
import { parseRepositorySettings, type StorePolicy } from './parse-settings';
import { type Sealer } from './sealer';

/** A repository ready for use by this process. */
export interface OpenRepository {
  readonly store: BlobStore;
  readonly catalogue: Catalogue;
  readonly write: WriteSettings;
}

/** Opens registered repositories and keeps them open; a changed registration is opened anew. */
export class OpenRepositories {
  private readonly open_ = new Map<string, { revision: number; repository: OpenRepository }>();

  constructor(
    private readonly policy: StorePolicy,
    private readonly sealer: Sealer,
  ) {}

  /** Throws what is wrong with the settings where this process, configured otherwise, does not admit them. */
  open(registration: Registration): OpenRepository {
    const known = this.open_.get(registration.name);
    if (known?.revision === registration.revision) return known.repository;
    const repository = this.openOnce(registration);
    this.open_.set(registration.name, { revision: registration.revision, repository });
    // Calls under way on the old store end by themselves; its idle sockets are all that is let go.
    void known?.repository.store.close();
    return repository;
  }

  /** Opens without keeping: for a registration that is only being tried. The caller closes the store. */
  openOnce(registration: Omit<Registration, 'revision'>): OpenRepository {
    const secrets =
      registration.sealedSecrets === undefined ? undefined : this.sealer.unseal(registration.sealedSecrets);
    const settings = {
      ...registration.settings,
      ...(secrets === undefined
        ? {}
        : {
            access_key_id: secrets.accessKeyId,
            secret_access_key: secrets.secretAccessKey,
            ...(secrets.securityToken === undefined ? {} : { security_token: secrets.securityToken }),
          }),
    };
    const { store, write } = parseRepositorySettings(registration.type, settings, this.policy);
    const opened = openBlobStore(store, secrets, write);
    return { store: opened, catalogue: new Catalogue(opened), write };
  }

  async close(): Promise<void> {
    await Promise.all([...this.open_.values()].map((one) => one.repository.store.close()));
    this.open_.clear();
  }
}
