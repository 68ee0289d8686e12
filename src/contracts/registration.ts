import { SnapkeepError } from './errors';

/** Encrypted credentials of a repository, as src/registrations/sealer.ts writes them. */
export type Sealed = string;

/** A registered repository as `repositoriesWorkflow` keeps it. It holds no secret in plain text. */
export interface Registration {
  readonly name: string;
  /** Name of a store type, such as `oss`. */
  readonly type: string;
  /** The settings as they were given, without secrets. `GET /_snapshot` shows them. */
  readonly settings: Readonly<Record<string, string>>;
  readonly sealedSecrets?: Sealed;
  /** Grows with every change of any registration, so that a worker notices that its open store is out of date. */
  readonly revision: number;
}

/** A registration that is requested or being verified. */
export type NewRegistration = Omit<Registration, 'revision'>;

/** An object that the front door writes and a worker reads, which proves that both use the same store. */
export interface StoreMarker {
  readonly key: string;
  readonly text: string;
}

/** Input of the activity that verifies a repository from a worker. */
export interface VerifyRegistration {
  readonly registration: NewRegistration;
  /** Written by the front door; read and deleted by the worker. Unset for a readonly repository. */
  readonly marker?: StoreMarker;
  /** Task queue of the worker that has to do it; unset: any worker. */
  readonly workerQueue?: string;
}

/** Result of the activity that verifies a repository from a worker. */
export interface VerifiedStore {
  /** Uuid of the root that the worker reads; '' if there is none. */
  readonly rootUuid: string;
  /** Identity of the worker. */
  readonly worker: string;
}

/** Prefix of the memo fields of `repositoriesWorkflow` that hold a registration. The repository's name follows. */
const MEMO_PREFIX = 'repository/';

/** Maximum number of registrations. */
const MAX_REGISTRATIONS = 1_000;
/** Maximum bytes of one registration as it is stored. */
const MAX_REGISTRATION_BYTES = 16 * 1024;
/** Maximum bytes of all registrations together, because they have to fit into one memo. */
const MAX_REGISTRATIONS_BYTES = 1024 * 1024;

/** Returns the name of the memo field that shows a registration. */
export function registrationField(name: string): string {
  return MEMO_PREFIX + name;
}

/** Returns the registrations that a memo of `repositoriesWorkflow` shows, sorted by name. */
export function registrationsIn(memo: Readonly<Record<string, unknown>> | undefined): Registration[] {
  return Object.entries(memo ?? {})
    .flatMap(([field, value]) =>
      // A removed field may remain as null.
      field.startsWith(MEMO_PREFIX) && value != null ? [value as Registration] : [],
    )
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

/**
 * Checks that `one` can be kept beside `others`. It replaces the one of the same name.
 *
 * Throws `repository_settings_invalid` with the limit and the way out when there are too many or too large ones.
 */
export function checkBounds(one: NewRegistration, others: Iterable<Registration>): void {
  const bytes = bytesOf(one);
  if (bytes > MAX_REGISTRATION_BYTES) {
    throw refused(
      one,
      `its settings take [${bytes}] bytes, at most [${MAX_REGISTRATION_BYTES}] are kept; shorten their values`,
    );
  }
  const kept = [...others].filter(({ name }) => name !== one.name);
  if (kept.length >= MAX_REGISTRATIONS) {
    throw refused(
      one,
      `[${kept.length}] repositories are registered, at most [${MAX_REGISTRATIONS}] can be; ${WAY_OUT}`,
    );
  }
  const all = kept.reduce((sum, other) => sum + bytesOf(other), bytes);
  if (all > MAX_REGISTRATIONS_BYTES) {
    throw refused(
      one,
      `all registrations together would take [${all}] bytes, at most [${MAX_REGISTRATIONS_BYTES}] are kept; ${WAY_OUT}`,
    );
  }
}

const WAY_OUT = 'unregister one that is not used any more (its data stays)';

function bytesOf(one: NewRegistration): number {
  return new TextEncoder().encode(JSON.stringify(one)).length;
}

function refused({ name }: NewRegistration, why: string): SnapkeepError {
  return new SnapkeepError('repository_settings_invalid', `[${name}] can't be registered: ${why}`, {
    details: { repository: name },
  });
}
