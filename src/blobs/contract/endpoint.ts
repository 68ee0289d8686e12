import { settingsInvalid } from './given-settings';
import { assertEndpointAllowed, type StorePolicy } from './store-policy';

/** The parts of an endpoint that its value may leave out. */
interface EndpointDefaults {
  /** Scheme of a value without one. */
  readonly protocol: string;
  /** A correct value, for the message of an error. */
  readonly example: string;
}

/**
 * Parses the setting `endpoint` and returns `http(s)://host[:port]`. Throws `repository_settings_invalid` when it holds
 * anything else, or names a host that `policy` does not allow.
 */
export function parseEndpoint(value: string, policy: StorePolicy, { protocol, example }: EndpointDefaults): string {
  let url: URL;
  try {
    url = new URL(/^https?:\/\//i.test(value) ? value : `${protocol}://${value}`);
  } catch {
    throw settingsInvalid(`setting [endpoint] is not a URL: [${value}]; write it as [${example}]`);
  }
  if (url.pathname !== '/' || url.search !== '' || url.username !== '' || url.password !== '') {
    throw settingsInvalid('setting [endpoint] may hold scheme, host and port only');
  }
  assertEndpointAllowed(url, policy);
  return url.origin;
}
