import { createServer, type Server } from 'node:net';

function listen(port: number): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => resolve(server));
  });
}

/**
 * Ports to choose from. Below the range from which systems give ports to whoever asks for any (Linux from 32768, others
 * from 49152): such a port could be given to another process before the program that was told it listens.
 */
const FIRST_PORT = 15_000;
const LAST_PORT = 31_999;

/**
 * Returns `count` different ports of 127.0.0.1 that were free a moment ago, for programs that must be told a number.
 * All are held until the last is found, so that none is given twice. Chosen at random, so that concurrent callers
 * hardly ever choose the same.
 */
export async function freePorts(count: number): Promise<number[]> {
  const held = new Map<number, Server>();
  while (held.size < count) {
    const port = FIRST_PORT + Math.floor(Math.random() * (LAST_PORT - FIRST_PORT + 1));
    const server = held.has(port) ? undefined : await listenIfFree(port);
    if (server !== undefined) held.set(port, server);
  }
  await Promise.all([...held.values()].map(close));
  return [...held.keys()];
}

/** Returns whether nothing listens on `port` of 127.0.0.1 at this moment. */
export async function isFree(port: number): Promise<boolean> {
  const server = await listenIfFree(port);
  if (server === undefined) return false;
  await close(server);
  return true;
}

async function listenIfFree(port: number): Promise<Server | undefined> {
  try {
    return await listen(port);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EADDRINUSE') return undefined;
    throw error;
  }
}

function close(server: Server): Promise<unknown> {
  return new Promise((done) => server.close(done));
}
