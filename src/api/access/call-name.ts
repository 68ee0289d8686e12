/** Names by which a front door is called: the values of `Host` and `Origin`. Pure. */

export interface CallName {
  /** Lower case; a v6 address without its brackets. */
  readonly name: string;
  readonly port?: string;
}

/** Parses `name`, `name:port`, `[v6]` or `[v6]:port`; returns undefined for anything else. */
export function parseCallName(text: string): CallName | undefined {
  const match = /^(?:\[([0-9a-f:.]+)\]|([a-z0-9_.-]+))(?::(\d{1,5}))?$/i.exec(text);
  if (match === null) return undefined;
  const [, address, name, port] = match;
  return { name: (address ?? name).toLowerCase(), port };
}

/** Returns the name of an origin (`https://name:port`); undefined for `null` and for what is not one of the web. */
export function parseOrigin(origin: string): CallName | undefined {
  const match = /^https?:\/\/([^/?#@]+)$/i.exec(origin);
  return match === null ? undefined : parseCallName(match[1]);
}

/** Returns whether a host name or address means this machine, wherever it is looked up. */
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
