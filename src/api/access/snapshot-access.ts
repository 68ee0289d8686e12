/**
 * Applies the cluster's own privileges to Snapkeep's requests, by asking the cluster in the caller's name.
 * Elasticsearch has a request that lists privileges. Other clusters are probed: a request of the same kind is sent
 * for a repository that does not exist.
 */
import { randomUUID } from 'node:crypto';
import { type Express, type Request, type RequestHandler } from 'express';
import { LRUCache } from 'lru-cache';
import { SnapkeepError } from '../../contracts/errors';
import { isRead } from '../http/request-kind';
import { callerDigest, callerHeaders } from '../proxy/caller';
import { type Question, relay, type Upstream, type UpstreamAnswer } from '../proxy/upstream';

/** Kinds of requests that need different privileges. */
type SnapshotAction = 'read' | 'create' | 'delete' | 'restore' | 'register' | 'readPolicies' | 'managePolicies';

interface Need {
  /** Cluster privilege of Elasticsearch that includes the action. */
  readonly privilege: string;
  /** Name of the action, which a role can grant without the privilege. */
  readonly action: string;
  /** Returns a request that needs the same permission and changes nothing, because nothing is named `missing`. */
  readonly probe: (missing: string) => [target: string, question: Question];
}

const deleteProbe = (missing: string): [string, Question] => [`/_snapshot/${missing}/${missing}`, { method: 'DELETE' }];

const NEEDS: Readonly<Record<SnapshotAction, Need>> = {
  read: {
    privilege: 'monitor_snapshot',
    action: 'cluster:admin/snapshot/get',
    probe: () => ['/_snapshot', {}],
  },
  create: {
    privilege: 'create_snapshot',
    action: 'cluster:admin/snapshot/create',
    probe: (missing) => [
      `/_snapshot/${missing}/${missing}`,
      { method: 'PUT', json: { indices: missing, include_global_state: false } },
    ],
  },
  delete: { privilege: 'manage', action: 'cluster:admin/snapshot/delete', probe: deleteProbe },
  restore: {
    privilege: 'manage',
    action: 'cluster:admin/snapshot/restore',
    // OpenSearch refuses to restore a missing snapshot to every caller, so the nearest permission is probed.
    probe: deleteProbe,
  },
  register: {
    privilege: 'manage',
    action: 'cluster:admin/repository/put',
    probe: (missing) => [`/_snapshot/${missing}`, { method: 'DELETE' }],
  },
  readPolicies: {
    privilege: 'read_slm',
    action: 'cluster:admin/slm/get',
    probe: () => ['/_snapshot', {}],
  },
  managePolicies: {
    privilege: 'manage_slm',
    action: 'cluster:admin/slm/put',
    // A policy deletes snapshots. The engines' own requests for policies exist only where their plugins are.
    probe: deleteProbe,
  },
};

/** Ms for which a decision is kept: long enough for a burst of requests, short enough for a withdrawn privilege. */
const DECISION_MS = 2_000;
const MAX_DECISIONS = 1_000;
/** Bytes of the largest refusal that is kept, so that decisions stay small in memory. */
const MAX_KEPT_BYTES = 16 * 1024;

/** Undefined when the caller is allowed. Otherwise the cluster's refusal, or Snapkeep's in the cluster's words. */
type Refusal = UpstreamAnswer | SnapkeepError | undefined;

/** Actions on a repository. In the path they take the place of a snapshot's name. */
const REPOSITORY_ACTION = /^\/_snapshot\/[^/]+\/_[^/]*\/?$/i;

/** Decides which callers may send which snapshot requests, and keeps decisions for {@link DECISION_MS}. */
export class SnapshotAccess {
  private readonly decisions = new LRUCache<string, Promise<Refusal>>({ max: MAX_DECISIONS, ttl: DECISION_MS });

  constructor(private readonly upstream: Upstream) {}

  /**
   * Adds a check before every route of snapshots and of Snapkeep itself. Must precede those routes. An unknown request
   * that changes something needs the privilege to register.
   */
  protect(app: Express): void {
    app.post(
      '/_snapshot/:repository/:snapshot/_restore',
      this.demand(() => 'restore'),
    );
    const snapshot = app.route('/_snapshot/:repository/:snapshot');
    snapshot.all(
      this.demand(({ method, path }) => {
        if (isRead(method)) return 'read';
        if (REPOSITORY_ACTION.test(path)) return 'register';
        return method === 'DELETE' ? 'delete' : 'create';
      }),
    );
    app.all(
      ['/_snapshot{/*path}', '/_snapkeep{/*path}', '/_cat/snapshots{/*path}', '/_cat/repositories'],
      this.demand(({ method, path }) => {
        if (isRead(method) && /^\/_snapkeep\/health\/?$/i.test(path)) return undefined;
        return isRead(method) ? 'read' : 'register';
      }),
    );
    // A policy takes snapshots by Snapkeep's rights, so its author must have the right to take them.
    app.all(
      ['/_slm{/*path}', '/_plugins/_sm{/*path}'],
      this.demand(({ method }) => (isRead(method) ? 'readPolicies' : ['managePolicies', 'create'])),
    );
    app.get(
      '/_health_report/slm',
      this.demand(() => 'readPolicies'),
    );
    // A caller who may not see snapshots still gets the cluster's own recoveries.
    app.get(['/_recovery', '/:index/_recovery', '/_cat/recovery{/:index}'], async (request, response, next) => {
      if ((await this.refusal(request, 'read')) === undefined) next();
      else await this.upstream.pass(request, response, request.originalUrl);
    });
  }

  /**
   * Returns a handler that answers 401 when the cluster does not know the caller, and 403 when the caller may not
   * perform the action, or one of several. Both answers are the cluster's. A request is checked once, by the first
   * handler that names an action.
   */
  private demand(
    actionOf: (request: Request) => SnapshotAction | readonly SnapshotAction[] | undefined,
  ): RequestHandler {
    return async (request, response, next) => {
      const actions = response.locals.isAllowed === true ? [] : [actionOf(request) ?? []].flat();
      for (const action of actions) {
        const refusal = await this.refusal(request, action);
        if (refusal instanceof SnapkeepError) throw refusal;
        if (refusal !== undefined) {
          relay(response, refusal);
          return;
        }
      }
      response.locals.isAllowed = true;
      next();
    };
  }

  /** Returns the decision for a caller. Throws `cluster_unavailable` when the cluster cannot answer. */
  private async refusal(request: Request, action: SnapshotAction): Promise<Refusal> {
    const key = `${action} ${callerDigest(callerHeaders(request.rawHeaders))}`;
    let deciding = this.decisions.get(key);
    if (deciding === undefined) {
      deciding = this.decide(request, NEEDS[action]);
      this.decisions.set(key, deciding);
      const forget = (): void => void this.decisions.delete(key);
      deciding.then((refusal) => {
        if (refusal !== undefined && 'body' in refusal && refusal.body.length > MAX_KEPT_BYTES) forget();
      }, forget);
    }
    return deciding;
  }

  private async decide(request: Request, { privilege, action, probe }: Need): Promise<Refusal> {
    let user: string | undefined;
    // A role may grant the action without the privilege, and old versions do not know every privilege.
    for (const name of [privilege, action]) {
      const answer = await this.ask(request, '/_security/user/_has_privileges', {
        method: 'POST',
        json: { cluster: [name] },
      });
      if (answer.status === 401) return answer;
      const said = answer.status === 200 ? privilegesIn(answer.body) : undefined;
      if (said?.has_all_requested === true) return undefined;
      if (said?.has_all_requested === false) user = said.username ?? '';
    }
    if (user !== undefined) {
      return new SnapkeepError(
        'cluster_access_denied',
        `action [${action}] is unauthorized for user [${user}], this action is granted by the cluster privileges [${privilege},all]`,
      );
    }
    const answer = await this.ask(request, ...probe(`snapkeep-${randomUUID()}`));
    return answer.status === 401 || answer.status === 403 ? answer : undefined;
  }

  private async ask(request: Request, target: string, question: Question): Promise<UpstreamAnswer> {
    const answer = await this.upstream.ask(request, target, question);
    if (![429, 502, 503, 504].includes(answer.status)) return answer;
    throw new SnapkeepError(
      'cluster_unavailable',
      `the cluster can't say now what the caller may do: it answered ${answer.status}`,
    );
  }
}

function privilegesIn(body: Buffer): { has_all_requested?: unknown; username?: string } | undefined {
  try {
    return JSON.parse(body.toString('utf8')) as { has_all_requested?: unknown; username?: string };
  } catch {
    return undefined;
  }
}
