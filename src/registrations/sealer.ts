import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';
import { SnapkeepError } from '../contracts/errors';
import { type Sealed } from '../contracts/registration';

/** Turns credentials into text that may lie in a workflow history, and back. */
export interface Sealer {
  seal(secrets: object): Sealed;
  /** Throws `repository_settings_invalid` when the text was sealed with another key or was changed. */
  unseal(sealed: Sealed): object;
}

const VERSION = 'v1';
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/**
 * AES-256-GCM with a fresh nonce per sealing; the key is derived from SNAPKEEP_SECRET_KEY by HKDF-SHA-256, so that any
 * text of 16 characters or more serves. Layout: `v1:` + base64(nonce, ciphertext, tag).
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
        // The cause would say nothing more, and must not carry bytes of a secret.
        throw new SnapkeepError(
          'repository_settings_invalid',
          'the credentials of the repository were sealed with another SNAPKEEP_SECRET_KEY; register it again',
        );
      }
    },
  };
}
