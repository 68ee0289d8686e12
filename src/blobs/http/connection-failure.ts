import { SnapkeepError } from '../../contracts/errors';

/** TLS failures that a retry can't cure. */
const TLS_REJECTED = /^(CERT_|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_|ERR_TLS_|ERR_SSL_|HOSTNAME_MISMATCH|EPROTO$)/;

/** Converts a failure of the connection to a SnapkeepError. Returns a SnapkeepError unchanged. */
export function connectionFailure(error: unknown, host: string): unknown {
  if (error instanceof SnapkeepError) return error;
  const code = (error as NodeJS.ErrnoException).code;
  const why = code ?? (error instanceof Error ? error.message : 'unknown');
  if (code !== undefined && TLS_REJECTED.test(code)) {
    return new SnapkeepError('store_rejected', `the certificate of [${host}] is not accepted: ${why}`, {
      details: { host, reason: code },
    });
  }
  return new SnapkeepError('store_unavailable', `the connection to [${host}] failed: ${why}`, {
    details: { host, reason: code },
  });
}
