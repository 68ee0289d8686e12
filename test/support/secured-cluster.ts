/** A cluster that asks who calls: in front of one that doesn't, or on its own, where it answers `{}` to everything. */
import {
  createServer,
  type IncomingMessage,
  request as httpRequest,
  type Server,
  type ServerResponse,
} from 'node:http';
import { type AddressInfo } from 'node:net';

export type Role = 'admin' | 'reader' | 'snapshotter' | 'outsider';

export interface SeenRequest {
  readonly method: string;
  readonly url: string;
  readonly authorization?: string;
  readonly headers: IncomingMessage['headers'];
}

export interface SecuredCluster {
  readonly url: string;
  readonly seen: SeenRequest[];
  /** Changes what a user may do. */
  setRole(user: string, role: Role): void;
  stop(): Promise<void>;
}

export interface SecuredClusterOptions {
  /** Users with `user:password` for a key. */
  readonly users: Readonly<Record<string, Role>>;
  /** Where requests go that were let in. */
  readonly behind?: string;
  /** Whether it has `_security/user/_has_privileges`, as Elasticsearch has and OpenSearch hasn't. @default true */
  readonly hasPrivileges?: boolean;
}

const READS = ['monitor_snapshot', 'cluster:admin/snapshot/get', 'read_slm', 'cluster:admin/slm/get'];
const PRIVILEGES: Readonly<Record<Role, (privilege: string) => boolean>> = {
  admin: () => true,
  reader: (privilege) => READS.includes(privilege),
  snapshotter: (privilege) => [...READS, 'create_snapshot', 'cluster:admin/snapshot/create'].includes(privilege),
  outsider: () => false,
};

export const basic = (user: string): string => `Basic ${Buffer.from(user).toString('base64')}`;

export async function startSecuredCluster(options: SecuredClusterOptions): Promise<SecuredCluster> {
  const seen: SeenRequest[] = [];
  const roles = new Map(Object.entries(options.users).map(([user, role]) => [basic(user), role]));
  const server = createServer((request, response) => {
    const { method = '', url = '', headers } = request;
    seen.push({ method, url, authorization: headers.authorization, headers });
    const role = roles.get(headers.authorization ?? '');
    if (role === undefined) {
      request.resume();
      response.setHeader('www-authenticate', 'Basic realm="security", charset="UTF-8"');
      refuse(response, 401, `unable to authenticate for REST request [${url}]`);
    } else if (url === '/_security/user/_has_privileges' && options.hasPrivileges !== false) {
      void answerPrivileges(request, response, role);
    } else if (isAllowed(role, method, url)) {
      if (options.behind === undefined) {
        request.resume();
        response.setHeader('x-elastic-product', 'Elasticsearch');
        send(response, url.startsWith('/_security') ? 400 : 200, {});
      } else pass(options.behind, request, response);
    } else {
      request.resume();
      refuse(response, 403, `no permissions for [${method} ${url}]`);
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    seen,
    setRole: (user, role) => void roles.set(basic(user), role),
    stop: () => close(server),
  };
}

function isAllowed(role: Role, method: string, url: string): boolean {
  const isRead = method === 'GET' || method === 'HEAD';
  if (role === 'admin' || (role === 'reader' && isRead)) return true;
  if (role === 'snapshotter') return isRead || (method === 'PUT' && url.startsWith('/_snapshot'));
  return url === '/' || url.startsWith('/_security');
}

async function answerPrivileges(request: IncomingMessage, response: ServerResponse, role: Role): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const { cluster } = JSON.parse(Buffer.concat(chunks).toString('utf8')) as { cluster: string[] };
  const held = Object.fromEntries(cluster.map((name) => [name, PRIVILEGES[role](name)]));
  send(response, 200, { username: role, has_all_requested: Object.values(held).every(Boolean), cluster: held });
}

function pass(behind: string, request: IncomingMessage, response: ServerResponse): void {
  const { authorization: _, ...headers } = request.headers;
  const onward = httpRequest(behind + request.url!, { method: request.method, headers }, (answer) => {
    response.writeHead(answer.statusCode!, answer.headers);
    answer.pipe(response);
  });
  onward.on('error', () => response.destroy());
  request.pipe(onward);
}

function refuse(response: ServerResponse, status: number, reason: string): void {
  const cause = { type: 'security_exception', reason };
  send(response, status, { error: { root_cause: [cause], ...cause }, status });
}

function send(response: ServerResponse, status: number, body: object): void {
  response.statusCode = status;
  response.setHeader('content-type', 'application/json');
  response.end(JSON.stringify(body));
}

async function close(server: Server): Promise<void> {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
}
