/** Digest of a configuration, by which log and metrics show which configuration a process serves. */
import { createHmac } from 'node:crypto';
import type { Config } from '../config/schema/schema.ts';

/** What follows from the other options, but for the apps that have left since the start: it tells no two configurations apart. */
const withoutDerived = (name: string, value: unknown) => (name === 'siblingCookies' ? undefined : value);

/**
 * Twelve characters that differ for different configurations. Keyed with the first session key, because the configuration
 * also contains short secrets, which could be guessed from a plain digest.
 */
export function configDigest(config: Config): string {
  const key = config.secrets.keys[0]?.value ?? '';
  return createHmac('sha256', key).update(JSON.stringify(config, withoutDerived)).digest('hex').slice(0, 12);
}
