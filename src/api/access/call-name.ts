/** Names that callers use for a front door, as in the headers `Host` and `Origin`. Pure functions. */

/** A host name or address, with its port when one is given. */
export interface CallName {
  /** Name in lower case; an IPv6 address without its brackets. */
  readonly name: string;
  readonly port?: string;
}

/** Parses `name`, `name:port`, `[v6]` or `[v6]:port`; returns undefined for anything else. */
export function parseCallName(text: string): CallName | undefined {
  const match = /^(?:\[([0-9a-f:.]+)\]|([a-z0-9_.-]+))(?::(\d{1,5}))?$/i.exec(text);
  if (match === null) return undefined;
  const [, address, name = '', port] = match;
  return { name: (address ?? name).toLowerCase(), port };
}

/** Returns the name of an origin (`https://name:port`); undefined for `null` and other schemes. */
export function parseOrigin(origin: string): CallName | undefined {
  const [, name] = /^https?:\/\/([^/?#@]+)$/i.exec(origin) ?? [];
  return name === undefined ? undefined : parseCallName(name);
}

/** Returns whether a host name or address means the local machine everywhere. */
export function isLoopback(name: string): boolean {
  return name === 'localhost' || name === '::1' || /^127(\.\d{1,3}){3}$/.test(name);
}

/** Returns whether `pattern` (`name`, `name:port`, `[v6]:port`, `*.suffix`) covers the name. */
export function covers(pattern: string, { name, port }: CallName): boolean {
  const wild = pattern.startsWith('*.');
  const wanted = parseCallName(wild ? pattern.slice(2) : pattern);
  if (wanted === undefined) return false;
  if (wanted.port !== undefined && wanted.port !== port) return false;
  return wild ? name.endsWith(`.${wanted.name}`) : name === wanted.name;
}
