import { SnapkeepError } from './errors';

/** AES-256-GCM ciphertext of a repository's credentials, base64 (see src/contracts has types only; src/jobs seals). */
export type Sealed = string;

/** A registered repository as `repositoriesWorkflow` keeps it. Nothing in it needs to be hidden. */
export interface Registration {
  readonly name: string;
  /** Name of a store type, such as `oss`. */
  readonly type: string;
  /** The settings as they were given, secrets taken out; what `GET /_snapshot` shows. */
  readonly settings: Readonly<Record<string, string>>;
  readonly sealedSecrets?: Sealed;
  /** Grows with every change of any registration; tells a worker that its open store is out of date. */
  readonly revision: number;
}

/** A registration that is being tried or asked for. */
export type NewRegistration = Omit<Registration, 'revision'>;

/** An object that one process wrote, so that another shows that it uses the same store. */
export interface StoreMarker {
  readonly key: string;
  readonly text: string;
}

export interface VerifyRegistration {
  readonly registration: NewRegistration;
  /** Written by the front door; the worker reads and deletes it. Unset for a readonly repository. */
  readonly marker?: StoreMarker;
}

export interface VerifiedStore {
  /** Uuid of the root that the worker sees; '' where there is none. */
  readonly rootUuid: string;
}

/** Memo fields of `repositoriesWorkflow`, one per registration: this prefix and the name. */
const MEMO_PREFIX = 'repository/';

export const MAX_REGISTRATIONS = 1_000;
/** Bytes of one registration as it is stored, and of all of them: they have to fit into one memo. */
export const MAX_REGISTRATION_BYTES = 16 * 1024;
export const MAX_REGISTRATIONS_BYTES = 1024 * 1024;

/** The memo field in which a registration is shown. */
export function registrationField(name: string): string {
  return MEMO_PREFIX + name;
}

/** The registrations that a memo of `repositoriesWorkflow` shows, in the order of their names. */
export function registrationsIn(memo: Readonly<Record<string, unknown>> | undefined): Registration[] {
  return Object.entries(memo ?? {})
    .flatMap(([field, value]) =>
      // A field that was removed may stay as null.
      field.startsWith(MEMO_PREFIX) && value != null ? [value as Registration] : [],
    )
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

/**
 * Checks the bounds of registrations: `one` is to be kept beside `others`, of which it replaces the one of its name.
 * Throws `repository_settings_invalid` that names the limit and the way out.
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
