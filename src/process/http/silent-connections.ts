import { type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { type Socket } from 'node:net';

/** Keeps at most `most` connections without a request: closes the one that has been silent longest. */
export function boundSilentConnections(server: Server, most: number): void {
  // In the order in which the connections became silent.
  const silent = new Set<Socket>();
  // Requests without an answer. There may be several per connection, because of pipelining.
  const asked = new WeakMap<Socket, number>();
  const count = (socket: Socket, change: number): number => {
    const now = (asked.get(socket) ?? 0) + change;
    asked.set(socket, now);
    return now;
  };
  const becomeSilent = (socket: Socket): void => {
    if (socket.destroyed) return;
    silent.add(socket);
    if (silent.size <= most) return;
    const [oldest] = silent;
    silent.delete(oldest!);
    oldest!.destroy();
  };
  server.on('connection', (socket: Socket) => {
    becomeSilent(socket);
    socket.once('close', () => silent.delete(socket));
  });
  server.prependListener('request', ({ socket }: IncomingMessage, response: ServerResponse) => {
    silent.delete(socket);
    count(socket, 1);
    response.once('close', () => {
      if (count(socket, -1) === 0) becomeSilent(socket);
    });
  });
}
