import { SnapkeepError } from '../../contracts/errors';
import { type TemporalCalls } from '../temporal/temporal-calls';

/** What the front door asks of the cluster besides passing requests on. */
export interface ClusterFacts {
  info(signal?: AbortSignal): Promise<{ readonly product: 'elasticsearch' | 'opensearch'; readonly version: string }>;
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

/** Ms until a component that does not answer counts as down: a worker's first answer after a crash may take two seconds. */
const CHECK_MS = 2_400;

/** Whether the parts that jobs need can be reached. Whoever asks during a check gets its result. */
export class Health {
  private running: Promise<HealthReport> | undefined;

  /** `askWorker` asks something that only a worker can answer, in at most the given ms. */
  constructor(
    private readonly calls: TemporalCalls,
    private readonly cluster: ClusterFacts,
    private readonly askWorker: (ms: number) => Promise<unknown>,
  ) {}

  /** Answers within about three seconds. */
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

  /** The error to answer with when something a job needs is down; undefined when all is well. */
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
      // Where many ask, an answer may be late; others that came since prove as much.
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
