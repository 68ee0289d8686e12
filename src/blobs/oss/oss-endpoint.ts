import { isIP } from 'node:net';
import { SnapkeepError } from '../../contracts/errors';

/** How a bucket is addressed and how requests are signed. */
export interface OssAddress {
  /** `http(s)://host[:port]`, nothing behind it. */
  readonly endpoint: string;
  /** The bucket stands in the path (`host/bucket/key`) instead of the host name (`bucket.host/key`). */
  readonly pathStyle: boolean;
  /** Such as `oss-cn-hangzhou`: requests are signed with V4 for it; undefined: with V1, which names no region. */
  readonly region: string | undefined;
}

/**
 * Reads an endpoint.
 *
 * - A region that is not given comes from an endpoint of Alibaba Cloud: public, `-internal`, `vpc100-` and dual-stack.
 * - OSS itself wants the bucket in the host name. Where that name would not resolve (a host without a dot, such as
 *   `localhost` or a container's name, or one under a local suffix), the bucket goes into the path. With an IP address
 *   ali-oss sends the bucket in the Host header, which no name server sees.
 *
 * @throws `repository_settings_invalid` where it is no `http(s)://host[:port]`.
 */
export function readOssEndpoint(endpoint: string, region: string | undefined): OssAddress {
  const url = URL.canParse(endpoint) ? new URL(endpoint) : undefined;
  // ali-oss takes no brackets, hence no IPv6 address.
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

/** The region in a host name of Alibaba Cloud; `oss-accelerate…` and `oss.aliyuncs.com` name none. */
function regionOfHost(host: string): string | undefined {
  const found =
    /^(?:vpc100-)?oss-([a-z]{2}-[a-z0-9-]+?)(?:-internal)?\.aliyuncs\.com$/.exec(host) ??
    /^([a-z]{2}-[a-z0-9-]+?)(?:-internal)?\.oss\.aliyuncs\.com$/.exec(host);
  return found ? `oss-${found[1]}` : undefined;
}
