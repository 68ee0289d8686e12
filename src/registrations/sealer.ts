import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';
import { SnapkeepError } from '../contracts/errors';
import { type Sealed } from '../contracts/registration';

/** Encrypts credentials, so that a workflow history may hold them, and decrypts them. */
export interface Sealer {
  /** Encrypts the credentials of one repository. */
  seal(secrets: object): Sealed;
  /** Decrypts credentials. Throws `repository_settings_invalid` when another key sealed them, or they were changed. */
  unseal(sealed: Sealed): object;
}

const VERSION = 'v1';
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/**
 * Creates a sealer that uses AES-256-GCM with a new nonce per sealing. Its key is derived from `secretKey`, the value
 * of SNAPKEEP_SECRET_KEY, by HKDF-SHA-256. The sealed text is `v1:` + base64(nonce, ciphertext, tag).
 *
 * Throws `illegal_argument_exception` when `secretKey` has fewer than 16 characters.
 */
export function createSealer(secretKey: string): Sealer {
  if (secretKey.length < 16) {
    throw new SnapkeepError('illegal_argument_exception', 'SNAPKEEP_SECRET_KEY must have 16 characters or more');
  }
  const key = Buffer.from(hkdfSync('sha256', secretKey, 'snapkeep', 'repository secrets', 32));
  return {
    seal(secrets) {
      const nonce = randomBytes(NONCE_BYTES);
      const cipher = createCipheriv('aes-256-gcm', key, nonce);
      const text = Buffer.concat([cipher.update(JSON.stringify(secrets), 'utf8'), cipher.final()]);
      return `${VERSION}:${Buffer.concat([nonce, text, cipher.getAuthTag()]).toString('base64')}`;
    },
    unseal(sealed) {
      const bytes = Buffer.from(sealed.slice(VERSION.length + 1), 'base64');
      try {
        const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, NONCE_BYTES));
        decipher.setAuthTag(bytes.subarray(bytes.length - TAG_BYTES));
        const text = Buffer.concat([
          decipher.update(bytes.subarray(NONCE_BYTES, bytes.length - TAG_BYTES)),
          decipher.final(),
        ]);
        return JSON.parse(text.toString('utf8')) as object;
      } catch {
        // The cause is left out: it says nothing more, and could hold bytes of a secret.
        throw new SnapkeepError(
          'repository_settings_invalid',
          'the credentials of the repository were sealed with another SNAPKEEP_SECRET_KEY; register it again',
        );
      }
    },
  };
}
