import { isIP } from 'node:net';
import { SnapkeepError } from '../../contracts/errors';

/** Says how a bucket is addressed and how requests are signed. */
export interface OssAddress {
  /** `http(s)://host[:port]`, without a path. */
  readonly endpoint: string;
  /** Puts the bucket into the path (`host/bucket/key`) instead of the host name (`bucket.host/key`). */
  readonly pathStyle: boolean;
  /** Region for V4 signatures, such as `oss-cn-hangzhou`; undefined: V1 signatures, which name no region. */
  readonly region: string | undefined;
}

/**
 * Derives from an endpoint how to address a bucket and how to sign.
 *
 * - If `region` is undefined, it is taken from an endpoint of Alibaba Cloud: public, `-internal`, `vpc100-` or
 *   dual-stack.
 * - OSS requires the bucket in the host name. If that name would not resolve, the bucket goes into the path: for a host
 *   without a dot, such as `localhost` or a container's name, and for a local suffix. For an IP address, ali-oss sends
 *   the bucket in the Host header only, which needs no name server.
 *
 * Throws `repository_settings_invalid` when `endpoint` is not `http(s)://host[:port]` or `region` is malformed.
 */
export function readOssEndpoint(endpoint: string, region: string | undefined): OssAddress {
  const url = URL.canParse(endpoint) ? new URL(endpoint) : undefined;
  // ali-oss accepts no brackets, and so no IPv6 address.
  if (!url || !/^https?:$/.test(url.protocol) || !/^[a-z0-9._-]+$/i.test(url.hostname) || url.username || url.search) {
    throw new SnapkeepError(
      'repository_settings_invalid',
      'the endpoint must be http(s)://host[:port], such as http://oss-cn-hangzhou-internal.aliyuncs.com',
    );
  }
  if (region !== undefined && !/^[a-z0-9-]+$/.test(region)) {
    throw new SnapkeepError('repository_settings_invalid', `[${region}] is no region, such as oss-cn-hangzhou`);
  }
  const host = url.hostname.toLowerCase();
  return {
    endpoint: `${url.protocol}//${url.host}`,
    pathStyle: isIP(host) === 0 && (!host.includes('.') || /\.(localhost|local|internal|svc)$/.test(host)),
    region: region === undefined ? regionOfHost(host) : `oss-${region.replace(/^oss-/, '')}`,
  };
}

/** Returns the region in a host name of Alibaba Cloud. `oss-accelerate…` and `oss.aliyuncs.com` name none. */
function regionOfHost(host: string): string | undefined {
  const found =
    /^(?:vpc100-)?oss-([a-z]{2}-[a-z0-9-]+?)(?:-internal)?\.aliyuncs\.com$/.exec(host) ??
    /^([a-z]{2}-[a-z0-9-]+?)(?:-internal)?\.oss\.aliyuncs\.com$/.exec(host);
  return found ? `oss-${found[1]}` : undefined;
}
