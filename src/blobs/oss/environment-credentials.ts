/**
 * Credentials of a repository that has none of its own: temporary keys that the surroundings of the process hand out,
 * and that are renewed before they expire.
 */
import { readFile } from 'node:fs/promises';
import { untilAborted } from '../../concurrency/on-abort';
import { SnapkeepError } from '../../contracts/errors';
import { type StoreEnvironment, type TokenRole } from '../contract/store-policy';
import { type OssSecrets, type OssSettings } from './oss-settings';

/** Temporary keys, and the time at which they end, ms since the epoch. */
interface TemporaryKeys {
  readonly secrets: OssSecrets;
  readonly endMillis: number;
}

/** Says when keys are renewed. */
interface RenewalTimes {
  /** Milliseconds before their end from which on keys are renewed, while they are still used. */
  readonly aheadMs: number;
  /** Milliseconds before their end from which on keys are used no more: requests take time, clocks differ. */
  readonly marginMs: number;
  /** Milliseconds between attempts, because ECS shows new keys only some time before the old ones end. */
  readonly pauseMs: number;
}

const DEFAULT_TIMES: RenewalTimes = { aheadMs: 15 * 60_000, marginMs: 60_000, pauseMs: 60_000 };
/** Milliseconds for one request: these services are near. */
const REQUEST_MS = 5_000;
/** Bytes of an answer, which has less than two thousand. */
const MAX_ANSWER_CHARS = 64 * 1024;
/** Seconds for which a session of the metadata service is valid; it serves one renewal. */
const SESSION_SECONDS = 60;

/**
 * Returns what hands out the keys of a repository that has none: those of the machine's RAM role, if the repository
 * names one, else those of the role that a token stands for. Undefined if there is neither.
 */
export function environmentCredentials(
  { ecsRamRole }: Pick<OssSettings, 'ecsRamRole'>,
  environment: StoreEnvironment | undefined,
): TemporaryCredentials | undefined {
  if (environment === undefined) return undefined;
  const { role, metadataUrl, stsUrl } = environment;
  if (ecsRamRole !== undefined) return new TemporaryCredentials(() => keysOfMachine(metadataUrl, ecsRamRole));
  return role === undefined ? undefined : new TemporaryCredentials(() => keysOfRole(stsUrl, role));
}

/** Hands out temporary keys, and renews them before they end. */
export class TemporaryCredentials {
  private held: TemporaryKeys | undefined;
  private renewing: Promise<TemporaryKeys> | undefined;
  private nextAttempt = 0;

  constructor(
    private readonly obtain: () => Promise<TemporaryKeys>,
    private readonly times: RenewalTimes = DEFAULT_TIMES,
  ) {}

  /**
   * Returns keys that are valid now. Renews them in the background while the old ones can be used; waits otherwise.
   *
   * Throws `store_access_denied` when nothing hands out keys, and `store_unavailable` when what does so fails.
   */
  async current(signal?: AbortSignal): Promise<OssSecrets> {
    const now = Date.now();
    const { held, times } = this;
    if (held !== undefined && now < held.endMillis - times.marginMs) {
      if (now >= held.endMillis - times.aheadMs && now >= this.nextAttempt) this.renew().catch(() => undefined);
      return held.secrets;
    }
    return (await untilAborted(this.renew(), signal)).secrets;
  }

  private renew(): Promise<TemporaryKeys> {
    this.nextAttempt = Date.now() + this.times.pauseMs;
    this.renewing ??= this.ask().finally(() => (this.renewing = undefined));
    return this.renewing;
  }

  private async ask(): Promise<TemporaryKeys> {
    this.held = await this.obtain();
    return this.held;
  }
}

/** Asks the metadata service of ECS for the keys of the RAM role that the machine has. */
async function keysOfMachine(metadataUrl: string, role: string): Promise<TemporaryKeys> {
  const from = `the metadata service [${metadataUrl}]`;
  const session = await sessionOf(metadataUrl, from);
  const headers: Record<string, string> = session === undefined ? {} : { 'x-aliyun-ecs-metadata-token': session };
  const url = `${metadataUrl}/latest/meta-data/ram/security-credentials/${encodeURIComponent(role)}`;
  return readKeys(parsed(await ask(url, { headers }, from)), from);
}

/** Opens a session, which hardened machines ask for; undefined where the service knows none. */
async function sessionOf(metadataUrl: string, from: string): Promise<string | undefined> {
  const headers = { 'x-aliyun-ecs-metadata-token-ttl-seconds': String(SESSION_SECONDS) };
  try {
    return await ask(`${metadataUrl}/latest/api/token`, { method: 'PUT', headers }, from);
  } catch (error) {
    if (error instanceof SnapkeepError && error.code === 'store_access_denied') return undefined;
    throw error;
  }
}

/** Exchanges the token in a file, which its issuer renews, for the keys of a RAM role (`AssumeRoleWithOIDC`). */
async function keysOfRole(stsUrl: string, { roleArn, providerArn, tokenFile }: TokenRole): Promise<TemporaryKeys> {
  const from = `the token service [${stsUrl}]`;
  let token: string;
  try {
    token = (await readFile(tokenFile, 'utf8')).trim();
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code ?? 'unknown';
    throw new SnapkeepError('store_access_denied', `[ALIBABA_CLOUD_OIDC_TOKEN_FILE] cannot be read: ${reason}`);
  }
  const body = new URLSearchParams({
    Action: 'AssumeRoleWithOIDC',
    Version: '2015-04-01',
    Format: 'JSON',
    RoleArn: roleArn,
    OIDCProviderArn: providerArn,
    OIDCToken: token,
    RoleSessionName: 'snapkeep',
    DurationSeconds: '3600',
  });
  return readKeys(parsed(await ask(stsUrl, { method: 'POST', body }, from)).Credentials, from);
}

/** Returns the text of a successful answer. No error holds what was sent or received but its code. */
async function ask(url: string, init: RequestInit, from: string): Promise<string> {
  let response: Response;
  let text: string;
  try {
    response = await fetch(url, { ...init, redirect: 'error', signal: AbortSignal.timeout(REQUEST_MS) });
    text = (await response.text()).slice(0, MAX_ANSWER_CHARS);
  } catch (error) {
    const { code } = ((error as Error).cause ?? {}) as NodeJS.ErrnoException;
    throw new SnapkeepError(
      'store_unavailable',
      `the repository has no keys of its own, and ${from} does not answer: ${code ?? (error as Error).name}`,
    );
  }
  if (response.ok) return text;
  const code = /"Code"\s*:\s*"([A-Za-z0-9.]{1,80})"/.exec(text)?.[1];
  throw new SnapkeepError(
    response.status >= 500 || response.status === 429 ? 'store_unavailable' : 'store_access_denied',
    `the repository has no keys of its own, and ${from} gives none: status ${response.status}${code === undefined ? '' : `, ${code}`}; give keys, or let a RAM role be assumed here`,
  );
}

function parsed(text: string): Record<string, unknown> {
  try {
    return (JSON.parse(text) ?? {}) as Record<string, unknown>;
  } catch {
    return {}; // the page of a proxy
  }
}

function readKeys(answer: unknown, from: string): TemporaryKeys {
  const { AccessKeyId, AccessKeySecret, SecurityToken, Expiration } = (answer ?? {}) as Record<string, unknown>;
  const endMillis = Date.parse(String(Expiration));
  if (
    typeof AccessKeyId !== 'string' ||
    typeof AccessKeySecret !== 'string' ||
    typeof SecurityToken !== 'string' ||
    Number.isNaN(endMillis)
  ) {
    throw new SnapkeepError('store_access_denied', `the answer of ${from} holds no temporary keys`);
  }
  const secrets = { accessKeyId: AccessKeyId, secretAccessKey: AccessKeySecret, securityToken: SecurityToken };
  return { secrets, endMillis };
}
