/** Keys of the gateway: one derived key per purpose, sealing with AES-256-GCM, and rotation by key id. */
import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createHmac,
  hkdfSync,
  randomBytes,
  timingSafeEqual,
} from 'node:crypto';

/** What a key is derived for; a blob sealed for one purpose never opens for another. */
export type Purpose = 'session' | 'tokens' | 'login' | 'cookie' | 'logout' | 'listing' | 'job';

export interface Keyring {
  /** Seals text under the first key: `kid.base64url(iv | tag | ciphertext)`, bound to the purpose and to `context`. */
  seal(purpose: Purpose, context: string, text: string): string;
  /** The sealed text, or undefined when it was altered, moved, or sealed by a key that is no longer listed. */
  open(purpose: Purpose, context: string, sealed: string): string | undefined;
  /** A keyed digest of `text`, base64url. */
  mac(purpose: Purpose, text: string): string;
  /** Whether `tag` is the keyed digest of `text` under any listed key; in constant time. */
  verifyMac(purpose: Purpose, text: string, tag: string): boolean;
  /** Signing secrets for a library that signs by itself (express-session), newest first. */
  secrets(purpose: Purpose): string[];
}

interface Derived {
  id: string;
  of(purpose: Purpose): Buffer;
}

const IV = 12;
const TAG = 16;

// The length prefix keeps (purpose, context) unambiguous, so no splice of the two yields another pair.
const additionalData = (purpose: Purpose, context: string) => Buffer.from(`${purpose.length}:${purpose}:${context}`);

/**
 * Builds the key ring. `application` names this deployment (public URL, issuer, client), so that two applications
 * that share a store and even a secret still cannot use each other's cookies or records.
 */
export function createKeyring(keys: readonly { id: string; value: string }[], application: string): Keyring {
  const salt = createHash('sha256').update(application).digest();
  const derive = ({ id, value }: { id: string; value: string }): Derived => {
    const cache = new Map<Purpose, Buffer>();
    return {
      id,
      of(purpose) {
        const known = cache.get(purpose) ?? Buffer.from(hkdfSync('sha256', value, salt, `bff-gateway ${purpose}`, 32));
        cache.set(purpose, known);
        return known;
      },
    };
  };
  const ring = keys.map(derive);
  const [first] = ring;
  if (!first) throw new Error('the key ring needs at least one key');

  const tagOf = (key: Derived, purpose: Purpose, text: string) =>
    createHmac('sha256', key.of(purpose)).update(text).digest();

  return {
    seal(purpose, context, text) {
      const iv = randomBytes(IV);
      const cipher = createCipheriv('aes-256-gcm', first.of(purpose), iv).setAAD(additionalData(purpose, context));
      const body = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
      return `${first.id}.${Buffer.concat([iv, cipher.getAuthTag(), body]).toString('base64url')}`;
    },
    open(purpose, context, sealed) {
      const dot = sealed.indexOf('.');
      const key = ring.find(({ id }) => id === sealed.slice(0, dot));
      const blob = Buffer.from(sealed.slice(dot + 1), 'base64url');
      if (dot < 0 || !key || blob.length < IV + TAG) return undefined;
      try {
        const decipher = createDecipheriv('aes-256-gcm', key.of(purpose), blob.subarray(0, IV), { authTagLength: TAG })
          .setAAD(additionalData(purpose, context))
          .setAuthTag(blob.subarray(IV, IV + TAG));
        return Buffer.concat([decipher.update(blob.subarray(IV + TAG)), decipher.final()]).toString('utf8');
      } catch {
        return undefined;
      }
    },
    mac: (purpose, text) => tagOf(first, purpose, text).toString('base64url'),
    verifyMac(purpose, text, tag) {
      const given = createHash('sha256').update(tag).digest();
      return ring.some((key) =>
        timingSafeEqual(
          given,
          createHash('sha256')
            .update(tagOf(key, purpose, text).toString('base64url'))
            .digest(),
        ),
      );
    },
    secrets: (purpose) => ring.map((key) => key.of(purpose).toString('base64url')),
  };
}
