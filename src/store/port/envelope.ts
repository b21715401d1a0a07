/** Parses the record that express-session wrote, for every store that keeps it as JSON. */
import type { SessionEnvelope } from './store.ts';

/** The envelope in the JSON text; undefined if the text holds anything else. */
export function parseEnvelope(json: string): SessionEnvelope | undefined {
  try {
    const value: unknown = JSON.parse(json);
    if (typeof value !== 'object' || value === null || !('sealed' in value) || !('expiresAt' in value))
      return undefined;
    const { sealed, expiresAt } = value;
    return typeof sealed === 'string' && typeof expiresAt === 'number' ? { sealed, expiresAt } : undefined;
  } catch {
    return undefined;
  }
}
