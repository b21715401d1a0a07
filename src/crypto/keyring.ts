/** Keyring: one derived key per purpose, AES-256-GCM sealing, keyed digests, and rotation by key id. */
import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createHmac,
  hkdfSync,
  randomBytes,
  timingSafeEqual,
} from 'node:crypto';

/** What a key is derived for. A value sealed for one purpose cannot be opened for another. */
export type Purpose =
  | 'session'
  | 'tokens'
  | 'login'
  | 'cookie'
  | 'logout'
  | 'listing'
  | 'job'
  | 'index'
  | 'binding'
  | 'limit';

export interface Keyring {
  /** Seals text or bytes with the first key, bound to the purpose and to `context`: `kid.base64url(iv | tag | ciphertext)`. */
  seal(purpose: Purpose, context: string, content: string | Buffer): string;
  /** Returns the text, or undefined if the value was altered, moved, or sealed with a key that is no longer listed. */
  open(purpose: Purpose, context: string, sealed: string): string | undefined;
  /** Returns the bytes, as `open` returns the text. */
  openBytes(purpose: Purpose, context: string, sealed: string): Buffer | undefined;
  /** Returns the keyed digest of `text` under the first key, base64url. */
  mac(purpose: Purpose, text: string): string;
  /** Returns the keyed digests of `text` under every key, base64url, newest first. */
  macs(purpose: Purpose, text: string): string[];
  /** Whether `tag` is the keyed digest of `text` under any listed key. Takes constant time. */
  verifyMac(purpose: Purpose, text: string, tag: string): boolean;
  /** Signing secrets for a library that signs on its own (express-session), newest first. */
  secrets(purpose: Purpose): string[];
}

interface DerivedKey {
  id: string;
  forPurpose(purpose: Purpose): Buffer;
}

const IV_BYTES = 12;
const TAG_BYTES = 16;

// The length prefix keeps (purpose, context) unambiguous: no other pair yields the same bytes.
const additionalData = (purpose: Purpose, context: string) => Buffer.from(`${purpose.length}:${purpose}:${context}`);

const sha256 = (text: string) => createHash('sha256').update(text).digest();

const hmac = (key: DerivedKey, purpose: Purpose, text: string) =>
  createHmac('sha256', key.forPurpose(purpose)).update(text).digest();

function deriveKey({ id, value }: { id: string; value: string }, salt: Buffer): DerivedKey {
  const cache = new Map<Purpose, Buffer>();
  return {
    id,
    forPurpose(purpose) {
      const key = cache.get(purpose) ?? Buffer.from(hkdfSync('sha256', value, salt, `bff-gateway ${purpose}`, 32));
      cache.set(purpose, key);
      return key;
    },
  };
}

/** Encrypts and returns `iv | tag | ciphertext`. */
function encrypt(key: Buffer, aad: Buffer, content: Buffer): Buffer {
  const iv = randomBytes(IV_BYTES);
  const cipher = createCipheriv('aes-256-gcm', key, iv).setAAD(aad);
  const ciphertext = Buffer.concat([cipher.update(content), cipher.final()]);
  return Buffer.concat([iv, cipher.getAuthTag(), ciphertext]);
}

/** Decrypts `iv | tag | ciphertext`; undefined if the tag does not match. */
function decrypt(key: Buffer, aad: Buffer, blob: Buffer): Buffer | undefined {
  try {
    const iv = blob.subarray(0, IV_BYTES);
    const decipher = createDecipheriv('aes-256-gcm', key, iv, { authTagLength: TAG_BYTES })
      .setAAD(aad)
      .setAuthTag(blob.subarray(IV_BYTES, IV_BYTES + TAG_BYTES));
    const ciphertext = blob.subarray(IV_BYTES + TAG_BYTES);
    return Buffer.concat([decipher.update(ciphertext), decipher.final()]);
  } catch {
    return undefined;
  }
}

/**
 * Creates the keyring. `application` identifies this deployment (public URL, issuer, client): two applications that share
 * a store and even a secret cannot use each other's cookies or records.
 */
export function createKeyring(keys: readonly { id: string; value: string }[], application: string): Keyring {
  const salt = sha256(application);
  const ring = keys.map((key) => deriveKey(key, salt));
  const [first] = ring;
  if (!first) throw new Error('the keyring needs at least one key');

  function openBytes(purpose: Purpose, context: string, sealed: string): Buffer | undefined {
    const dot = sealed.indexOf('.');
    const key = ring.find(({ id }) => id === sealed.slice(0, dot));
    const encoded = sealed.slice(dot + 1);
    const blob = Buffer.from(encoded, 'base64url');
    if (dot < 0 || !key || blob.length < IV_BYTES + TAG_BYTES) return undefined;
    // The decoder skips characters that are not of the alphabet, and a last one that completes no byte.
    if (encoded.length !== Math.ceil((blob.length * 4) / 3)) return undefined;
    return decrypt(key.forPurpose(purpose), additionalData(purpose, context), blob);
  }

  return {
    seal(purpose, context, content) {
      const blob = encrypt(first.forPurpose(purpose), additionalData(purpose, context), Buffer.from(content));
      return `${first.id}.${blob.toString('base64url')}`;
    },
    open: (purpose, context, sealed) => openBytes(purpose, context, sealed)?.toString('utf8'),
    openBytes,
    macs: (purpose, text) => ring.map((key) => hmac(key, purpose, text).toString('base64url')),
    mac: (purpose, text) => hmac(first, purpose, text).toString('base64url'),
    verifyMac(purpose, text, tag) {
      // Comparing digests gives both sides the same length, whatever the length of `tag`.
      const received = sha256(tag);
      return ring.some((key) => timingSafeEqual(received, sha256(hmac(key, purpose, text).toString('base64url'))));
    },
    secrets: (purpose) => ring.map((key) => key.forPurpose(purpose).toString('base64url')),
  };
}
