/** Reads back the record that express-session wrote, whichever store kept it. */
import type { SessionEnvelope } from './store.ts';

/** The envelope in that JSON; undefined for anything else. */
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
