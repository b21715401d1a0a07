/** The index page of a front end that is published elsewhere: what its server sent, checked before browsers get it. */
import { createHash } from 'node:crypto';
import { promisify } from 'node:util';
import { brotliDecompress, gunzip } from 'node:zlib';

/** A copy of the page. */
export interface IndexPage {
  readonly body: Buffer;
  readonly contentType: string;
  /** Entity tag for browsers, the same at every replica. */
  readonly etag: string;
  /** The validators of its server, sent back to it (RFC 9110 section 13.1). */
  readonly validators: readonly string[];
  /** When the server sent it, milliseconds since the epoch. */
  readonly loadedAt: number;
}

/** A response of the server, complete. */
export interface PageResponse {
  readonly status: number;
  /** A header; undefined when it is absent. Repeated ones are joined by commas. */
  header(name: string): string | undefined;
  readonly body: Buffer;
}

/** Object stores send what was uploaded, whatever the request accepts. */
const DECODERS: ReadonlyMap<string, (body: Buffer, options: { maxOutputLength: number }) => Promise<Buffer>> = new Map([
  ['gzip', promisify(gunzip)],
  ['br', promisify(brotliDecompress)],
]);

/** `text/html`, and the name of its character encoding if there is one. */
const HTML = /^text\/html\s*(?:;\s*charset="?([\w-]{1,40})"?\s*)?$/i;

async function decodeBody({ body, header }: PageResponse, maxSize: number): Promise<Buffer> {
  const coding = header('content-encoding')?.trim().toLowerCase() ?? 'identity';
  if (coding === 'identity') return body;
  const decode = DECODERS.get(coding);
  if (!decode) throw new Error(`its Content-Encoding is ${coding.slice(0, 40)}`);
  return await decode(body, { maxOutputLength: maxSize }).catch((cause: unknown) => {
    throw new Error('its Content-Encoding cannot be decoded, or it is larger than frontend.maxSize', { cause });
  });
}

/** Creates the copy of a 200 response. Rejects with the reason if it is no page. Of the headers only those named here count. */
export async function readIndexPage(response: PageResponse, maxSize: number, now: number): Promise<IndexPage> {
  const type = HTML.exec(response.header('content-type') ?? '');
  if (!type) throw new Error('its Content-Type is not text/html');
  const body = await decodeBody(response, maxSize);
  if (body.length === 0) throw new Error('it is empty');
  const etag = response.header('etag');
  const lastModified = response.header('last-modified');
  return {
    body,
    contentType: `text/html; charset=${type[1]?.toLowerCase() ?? 'utf-8'}`,
    etag: `"${createHash('sha256').update(body).digest('base64url')}"`,
    validators: [
      ...(etag === undefined ? [] : ['if-none-match', etag]),
      ...(lastModified === undefined ? [] : ['if-modified-since', lastModified]),
    ],
    loadedAt: now,
  };
}
