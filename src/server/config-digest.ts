/** Digest of a configuration, by which log and metrics show which configuration a process serves. */
import { createHmac } from 'node:crypto';
import type { Config } from '../config/schema/schema.ts';

/**
 * Twelve characters that differ for different configurations. Keyed with the first session key, because the configuration
 * also contains short secrets, which could be guessed from a plain digest.
 */
export function configDigest(config: Config): string {
  const key = config.secrets.keys[0]?.value ?? '';
  return createHmac('sha256', key).update(JSON.stringify(config)).digest('hex').slice(0, 12);
}
