import { type RepositoryType } from './repository-settings';

/** AES-256-GCM ciphertext of a repository's credentials, base64 (see src/contracts has types only; src/jobs seals). */
export type Sealed = string;

/** A registered repository as `repositoriesWorkflow` keeps it. Nothing in it needs to be hidden. */
export interface Registration {
  readonly name: string;
  readonly type: RepositoryType;
  /** The settings as they were given, secrets taken out; what `GET /_snapshot` shows. */
  readonly settings: Readonly<Record<string, string>>;
  readonly sealedSecrets?: Sealed;
  /** Grows with every change of any registration; tells a worker that its open store is out of date. */
  readonly revision: number;
}

export interface PutRegistration {
  readonly registration: Omit<Registration, 'revision'>;
  /** Whether a worker has to write, read and delete a marker first. */
  readonly verify: boolean;
}
