/** Reads Snapkeep's settings from environment variables (docs/operations.md describes them). */
import path from 'node:path';
import { z } from 'zod';
import { isLoopback } from '../api/access/call-name';
import { type Auth } from '../api/proxy/auth';
import { type StorePolicy, type TokenRole } from '../blobs/contract/store-policy';
import { type ClusterSettings } from '../cluster/http/connection';
import { parseQuartzCron } from '../elasticsearch/schedules/quartz-cron';
import { TIME_UNIT_MS } from '../elasticsearch/values';

export interface Settings {
  readonly http: {
    readonly host: string;
    readonly port: number;
    /** Names besides the host's own that requests may use for the front door. */
    readonly allowedHosts: readonly string[];
  };
  /** Decides whose credentials requests to the cluster carry. */
  readonly auth: Auth;
  /** Unset: the embedded cluster under `npm start`, an error under `snapkeep serve`. */
  readonly cluster?: ClusterSettings;
  readonly dataDir: string;
  readonly store: StorePolicy;
  /** Unset: created and kept in the data dir by `npm start`, an error under `snapkeep serve`. */
  readonly secretKey?: string;
  readonly embedded: {
    readonly clusterPort: number;
    readonly ossPort: number;
    readonly temporalPort: number;
    readonly temporalUiPort: number;
  };
  /** Address of the Temporal UI for users; unset: jobs are shown without a link. */
  readonly temporalUi?: string;
  readonly taskQueue: string;
  /** Ms for which a step is retried without progress. */
  readonly retryWindowMs: number;
  readonly slm: {
    /** Least ms between two snapshots of an SLM policy. */
    readonly minimumIntervalMs: number;
    /** Quartz cron expression by which snapshots that SLM policies do not keep are deleted. */
    readonly retentionSchedule: string;
  };
  /** Concurrent data activities of one worker. */
  readonly dataConcurrency: number;
  /** Threads that scan and compress. */
  readonly threads: number;
  readonly logLevel: string;
}

const port = (fallback: number) => z.coerce.number().int().min(0).max(65535).default(fallback);
const list = z.string().transform((text) =>
  text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== ''),
);
const text = z.string().min(1).optional();

const duration = z.string().transform((value, context) => {
  const [, amount, unit] = /^(\d+)(ms|s|m|h|d)$/.exec(value) ?? [];
  if (amount !== undefined && unit !== undefined) return Number(amount) * TIME_UNIT_MS[unit]!;
  context.addIssue({ code: 'custom', message: 'write a duration as [30s], [10m] or [1h]' });
  return z.NEVER;
});

const quartz = z.string().transform((value, context) => {
  try {
    parseQuartzCron(value);
    return value;
  } catch (error) {
    context.addIssue({ code: 'custom', message: `not a cron expression: ${(error as Error).message}` });
    return z.NEVER;
  }
});

/** `name`, `name:port`, `[v6]:port` or `*.suffix`. A lone `*` is refused, because it would disable the check. */
const HOST_PATTERN = /^(\*\.)?([A-Za-z0-9_-]+\.)*[A-Za-z0-9_-]+(:\d{1,5})?$|^\[[0-9A-Fa-f:.]+\](:\d{1,5})?$/;

const hosts = list.refine((names) => names.every((name) => HOST_PATTERN.test(name)), {
  message: 'write hosts as [name], [name:port], [[v6 address]:port] or [*.suffix], without scheme and path',
});

const schema = z.object({
  SNAPKEEP_HTTP_HOST: z.string().min(1).default('127.0.0.1'),
  SNAPKEEP_HTTP_PORT: port(9400),
  SNAPKEEP_ALLOWED_HOSTS: hosts.default([]),
  SNAPKEEP_AUTH: text,
  SNAPKEEP_CLUSTER_URL: z.url({ protocol: /^https?$/ }).optional(),
  SNAPKEEP_CLUSTER_USERNAME: text,
  SNAPKEEP_CLUSTER_PASSWORD: text,
  SNAPKEEP_CLUSTER_API_KEY: text,
  SNAPKEEP_CLUSTER_CA_FILE: text,
  SNAPKEEP_DATA_DIR: z.string().min(1).default('.snapkeep'),
  SNAPKEEP_PATH_REPO: list.optional(),
  SNAPKEEP_ALLOWED_ENDPOINTS: list.default(['loopback', '*.aliyuncs.com']),
  SNAPKEEP_SECRET_KEY: z.string().min(16).optional(),
  SNAPKEEP_ECS_METADATA_URL: z.url({ protocol: /^https?$/ }).default('http://100.100.100.200'),
  SNAPKEEP_STS_URL: z.url({ protocol: /^https?$/ }).default('https://sts.aliyuncs.com'),
  ALIBABA_CLOUD_ROLE_ARN: text,
  ALIBABA_CLOUD_OIDC_PROVIDER_ARN: text,
  ALIBABA_CLOUD_OIDC_TOKEN_FILE: text,
  SNAPKEEP_EMBEDDED_CLUSTER_PORT: port(9401),
  SNAPKEEP_EMBEDDED_OSS_PORT: port(9402),
  SNAPKEEP_TEMPORAL_PORT: port(7233),
  SNAPKEEP_TEMPORAL_UI_PORT: port(8233),
  SNAPKEEP_TEMPORAL_UI_URL: z.url({ protocol: /^https?$/ }).optional(),
  SNAPKEEP_TASK_QUEUE: z.string().min(1).default('snapkeep'),
  SNAPKEEP_SHARD_RETRY_WINDOW: duration.default(3_600_000),
  SNAPKEEP_SLM_MINIMUM_INTERVAL: duration.default(900_000),
  SNAPKEEP_SLM_RETENTION_SCHEDULE: quartz.default('0 30 1 * * ?'),
  SNAPKEEP_DATA_CONCURRENCY: z.coerce.number().int().min(1).max(64).default(4),
  SNAPKEEP_THREADS: z.coerce.number().int().min(1).max(64).default(2),
  SNAPKEEP_LOG_LEVEL: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'silent']).default('info'),
});

/** Names of all settings of Snapkeep's processes, without those of the embedded OSS server. */
export const SETTING_NAMES: readonly string[] = Object.keys(schema.shape);

/** A setting that can't be used. The message names the variable and its valid values, never its value. */
export class SettingsError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'SettingsError';
  }
}

/** Reads the settings. Throws {@link SettingsError} with the name of every invalid variable. */
export function readSettings(env: NodeJS.ProcessEnv = process.env): Settings {
  // An empty variable counts as unset, because compose files and shells pass unset ones so.
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== ''));
  const parsed = schema.safeParse(given);
  if (!parsed.success) {
    throw new SettingsError(parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`).join('; '));
  }
  const values = parsed.data;
  const cluster =
    values.SNAPKEEP_CLUSTER_URL === undefined
      ? undefined
      : {
          url: values.SNAPKEEP_CLUSTER_URL.replace(/\/+$/, ''),
          username: values.SNAPKEEP_CLUSTER_USERNAME,
          password: values.SNAPKEEP_CLUSTER_PASSWORD,
          apiKey: values.SNAPKEEP_CLUSTER_API_KEY,
          caFile: values.SNAPKEEP_CLUSTER_CA_FILE,
        };
  if (cluster?.password !== undefined && cluster.username === undefined && new URL(cluster.url).username === '') {
    throw new SettingsError('SNAPKEEP_CLUSTER_PASSWORD needs SNAPKEEP_CLUSTER_USERNAME beside it');
  }
  const dataDir = path.resolve(values.SNAPKEEP_DATA_DIR);
  return {
    http: {
      host: values.SNAPKEEP_HTTP_HOST,
      port: values.SNAPKEEP_HTTP_PORT,
      allowedHosts: values.SNAPKEEP_ALLOWED_HOSTS,
    },
    auth: authOf(values.SNAPKEEP_AUTH, { host: values.SNAPKEEP_HTTP_HOST, cluster }),
    cluster,
    dataDir,
    store: {
      pathRepo: (values.SNAPKEEP_PATH_REPO ?? [path.join(dataDir, 'repositories')]).map((root) => path.resolve(root)),
      allowedEndpoints: values.SNAPKEEP_ALLOWED_ENDPOINTS,
      environment: {
        metadataUrl: values.SNAPKEEP_ECS_METADATA_URL.replace(/\/+$/, ''),
        stsUrl: values.SNAPKEEP_STS_URL,
        role: roleOf(values),
      },
    },
    secretKey: values.SNAPKEEP_SECRET_KEY,
    embedded: {
      clusterPort: values.SNAPKEEP_EMBEDDED_CLUSTER_PORT,
      ossPort: values.SNAPKEEP_EMBEDDED_OSS_PORT,
      temporalPort: values.SNAPKEEP_TEMPORAL_PORT,
      temporalUiPort: values.SNAPKEEP_TEMPORAL_UI_PORT,
    },
    temporalUi: values.SNAPKEEP_TEMPORAL_UI_URL?.replace(/\/+$/, ''),
    taskQueue: values.SNAPKEEP_TASK_QUEUE,
    retryWindowMs: values.SNAPKEEP_SHARD_RETRY_WINDOW,
    slm: {
      minimumIntervalMs: values.SNAPKEEP_SLM_MINIMUM_INTERVAL,
      retentionSchedule: values.SNAPKEEP_SLM_RETENTION_SCHEDULE,
    },
    dataConcurrency: values.SNAPKEEP_DATA_CONCURRENCY,
    threads: values.SNAPKEEP_THREADS,
    logLevel: values.SNAPKEEP_LOG_LEVEL,
  };
}

/** Returns the role that a token stands for. Throws {@link SettingsError} when a part of it is missing. */
function roleOf(values: z.infer<typeof schema>): TokenRole | undefined {
  const roleArn = values.ALIBABA_CLOUD_ROLE_ARN;
  const providerArn = values.ALIBABA_CLOUD_OIDC_PROVIDER_ARN;
  const tokenFile = values.ALIBABA_CLOUD_OIDC_TOKEN_FILE;
  if (roleArn !== undefined && providerArn !== undefined && tokenFile !== undefined) {
    return { roleArn, providerArn, tokenFile };
  }
  if (providerArn === undefined && tokenFile === undefined) return undefined;
  throw new SettingsError(
    'ALIBABA_CLOUD_ROLE_ARN, ALIBABA_CLOUD_OIDC_PROVIDER_ARN and ALIBABA_CLOUD_OIDC_TOKEN_FILE go together: one is missing',
  );
}

/**
 * Returns the way to authenticate. Throws {@link SettingsError} when the value is unknown or not supported yet, and
 * when it is missing although no default is safe.
 */
function authOf(
  stated: string | undefined,
  { host, cluster }: { readonly host: string; readonly cluster: ClusterSettings | undefined },
): Auth {
  if (stated === 'none' || stated === 'cluster') return stated;
  if (stated?.startsWith('basic:') === true) {
    throw new SettingsError('SNAPKEEP_AUTH: [basic:…] is not supported by this release; set [cluster] or [none]');
  }
  if (stated !== undefined) throw new SettingsError('SNAPKEEP_AUTH: unknown value; set [cluster] or [none]');
  if (cluster !== undefined && holdsCredentials(cluster)) return 'cluster';
  if (isLoopback(host)) return 'none';
  throw new SettingsError(
    'SNAPKEEP_HTTP_HOST is not a loopback address: that needs SNAPKEEP_AUTH; [cluster] lets the cluster check who calls, [none] says that something in front of Snapkeep does',
  );
}

/** Returns whether Snapkeep has its own credentials for the cluster, in variables or in the URL. */
function holdsCredentials({ url, username, apiKey }: ClusterSettings): boolean {
  return username !== undefined || apiKey !== undefined || new URL(url).username !== '';
}
