import { SnapkeepError } from '../../contracts/errors';
import { type TemporalCalls } from '../temporal/temporal-calls';

/** The calls to the cluster that jobs need at the front door. */
export interface ClusterFacts {
  info(signal?: AbortSignal): Promise<{
    readonly product: 'elasticsearch' | 'opensearch';
    readonly version: string;
    readonly name: string;
  }>;
  /** Throws when the cluster does not answer. */
  ping(signal?: AbortSignal): Promise<unknown>;
}

type Component = 'temporal' | 'worker' | 'cluster';

interface ComponentHealth {
  readonly status: 'up' | 'down';
  /** Why it is down. */
  readonly reason?: string;
}

interface HealthReport {
  readonly status: 'up' | 'down';
  readonly components: Readonly<Record<Component, ComponentHealth>>;
}

/**
 * Ms after which a component without an answer counts as down. A worker's first answer after a crash takes up to two
 * seconds.
 */
const CHECK_MS = 2_400;

/** Checks whether the components that jobs need are up. Callers that ask during a check get its result. */
export class Health {
  private running: Promise<HealthReport> | undefined;

  /** `askWorker` makes a call that only a worker can answer, and throws if none does within the given ms. */
  constructor(
    private readonly calls: TemporalCalls,
    private readonly cluster: ClusterFacts,
    private readonly askWorker: (ms: number) => Promise<unknown>,
  ) {}

  /** Returns the state of all components within about three seconds. */
  report(): Promise<HealthReport> {
    this.running ??= this.check().finally(() => {
      this.running = undefined;
    });
    return this.running;
  }

  private async check(): Promise<HealthReport> {
    const [temporal, worker, cluster] = await Promise.all([
      this.calls.isReachable(CHECK_MS).then((ok) => (ok ? UP : down('the Temporal service does not answer'))),
      this.worker(),
      this.clusterHealth(),
    ]);
    const components = { temporal, worker, cluster };
    const isUp = Object.values(components).every((one) => one.status === 'up');
    return { status: isUp ? 'up' : 'down', components };
  }

  /** Returns the error for a component that is down; undefined if all are up. */
  async trouble(): Promise<SnapkeepError | undefined> {
    const { components } = await this.report();
    for (const [name, { status, reason }] of Object.entries(components)) {
      if (status === 'down') return new SnapkeepError(CODES[name as Component], reason ?? `${name} is down`);
    }
    return undefined;
  }

  private async worker(): Promise<ComponentHealth> {
    try {
      await this.askWorker(CHECK_MS);
      return UP;
    } catch (error) {
      // Under load this answer may be late; an answer to another caller also proves that a worker is up.
      return this.calls.worker.isFresh() ? UP : down((error as Error).message);
    }
  }

  private async clusterHealth(): Promise<ComponentHealth> {
    try {
      await this.cluster.ping(AbortSignal.timeout(CHECK_MS));
      return UP;
    } catch (error) {
      const isTimeout = (error as Error).name === 'TimeoutError';
      return down(isTimeout ? `the cluster does not answer within ${CHECK_MS} ms` : (error as Error).message);
    }
  }
}

const UP: ComponentHealth = { status: 'up' };
const CODES = {
  temporal: 'temporal_unavailable',
  worker: 'worker_unavailable',
  cluster: 'cluster_unavailable',
} as const;

function down(reason: string): ComponentHealth {
  return { status: 'down', reason };
}
