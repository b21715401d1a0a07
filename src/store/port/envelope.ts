/** Parses the record that express-session wrote, for every store that keeps it as JSON. */
import type { SessionEnvelope } from './store.ts';

/** Returns the expiry. Builds before 0.1.0 wrote it as `lapsesAt`; their sessions stay valid until they expire. */
const expiryIn = (value: object): unknown =>
  'expiresAt' in value ? value.expiresAt : 'lapsesAt' in value ? value.lapsesAt : undefined;

/** The envelope in the JSON text; undefined if the text holds anything else. */
export function parseEnvelope(json: string): SessionEnvelope | undefined {
  try {
    const value: unknown = JSON.parse(json);
    if (typeof value !== 'object' || value === null || !('sealed' in value)) return undefined;
    const { sealed } = value;
    const expiresAt = expiryIn(value);
    return typeof sealed === 'string' && typeof expiresAt === 'number' ? { sealed, expiresAt } : undefined;
  } catch {
    return undefined;
  }
}
