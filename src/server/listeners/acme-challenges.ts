/** Responds to HTTP-01 challenges of a certificate authority from the folder into which an ACME client writes them (RFC 8555 section 8.3). */
import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';

const PREFIX = '/.well-known/acme-challenge/';
/** A token is base64url (RFC 8555 section 8.3), so no path can lead out of the folder. */
const TOKEN = /^[A-Za-z0-9_-]{1,128}$/;
/** A key authorization is the token, a dot and a digest. */
const MAX_SIZE = 4096;
/** An ACME client with access to the folder must not be able to name another file, nor one that blocks. */
const FLAGS = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);

/** Whether a path is one of challenges. */
export const isChallengePath = (path: string) => path.startsWith(PREFIX);

/** The content of the file that the path of a challenge names; undefined if there is none. */
export async function readChallenge(folder: string, path: string): Promise<Buffer | undefined> {
  const token = path.slice(PREFIX.length);
  if (!TOKEN.test(token)) return undefined;
  const file = await open(join(folder, token), FLAGS).catch(() => undefined);
  try {
    const found = await file?.stat();
    return found?.isFile() && found.size <= MAX_SIZE ? await file?.readFile() : undefined;
  } finally {
    await file?.close();
  }
}
