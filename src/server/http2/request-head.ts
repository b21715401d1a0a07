/** Translates the header block of an HTTP/2 request into the head of the same request in HTTP/1.1, strictly. */

/** Thrown for a malformed request, which RFC 9113 section 8.1.1 answers with a stream error. */
export class MalformedRequest extends Error {}

export interface TranslatedHead {
  readonly method: string;
  /** Request line and fields, with the empty line. Bytes are latin1. */
  readonly text: string;
  /** Whether the body has no length, so that it is sent in chunks. */
  readonly chunked: boolean;
  /** Whether the client asks for trailers (RFC 9110 section 10.1.4). */
  readonly trailers: boolean;
}

/** RFC 9110 section 5.6.2, without upper case (RFC 9113 section 8.2.1). */
const FIELD_NAME = /^[!#$%&'*+\-.^_`|~0-9a-z]+$/;
const METHOD = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
/** Bytes that a field value may not contain (RFC 9113 section 8.2.1). */
const INVALID_VALUE = /[\0\r\n]/;
/** A request target without white space and control characters: those would move the end of the request line. */
const TARGET = /^[\x21-\x7e\x80-\xff]+$/;

/** Fields of a connection, which HTTP/2 does not have (RFC 9113 section 8.2.2). */
const CONNECTION_FIELDS = new Set(['connection', 'keep-alive', 'proxy-connection', 'transfer-encoding', 'upgrade']);

/** The fields of a request that need a place or a check of their own. */
class HeadFields {
  readonly pseudo: Record<string, string | undefined> = {
    ':method': undefined,
    ':scheme': undefined,
    ':authority': undefined,
    ':path': undefined,
  };
  host: string | undefined = undefined;
  cookie: string | undefined = undefined;
  length: string | undefined = undefined;
  trailers = false;
  lines = '';
  #hasField = false;

  addPseudo(name: string, value: string): void {
    if (!(name in this.pseudo)) throw new MalformedRequest('unknown pseudo-header');
    if (this.pseudo[name] !== undefined) throw new MalformedRequest('repeated pseudo-header');
    if (this.#hasField) throw new MalformedRequest('pseudo-header after a field');
    this.pseudo[name] = value;
  }

  add(name: string, value: string): void {
    this.#hasField = true;
    if (!FIELD_NAME.test(name)) throw new MalformedRequest('invalid field name');
    switch (name) {
      case 'host':
        if (this.host !== undefined) throw new MalformedRequest('repeated Host');
        this.host = value;
        return;
      case 'cookie':
        // RFC 9113 section 8.2.3.
        this.cookie = this.cookie === undefined ? value : `${this.cookie}; ${value}`;
        return;
      case 'content-length':
        if (this.length !== undefined) throw new MalformedRequest('repeated Content-Length');
        this.length = value;
        break;
      case 'te':
        if (value.toLowerCase() !== 'trailers') throw new MalformedRequest('TE other than trailers');
        this.trailers = true;
        break;
      default:
        if (CONNECTION_FIELDS.has(name)) throw new MalformedRequest('field of a connection');
    }
    this.lines += `${name}: ${value}\r\n`;
  }
}

function readFields(raw: readonly string[]): HeadFields {
  const fields = new HeadFields();
  for (let at = 0; at + 1 < raw.length; at += 2) {
    const name = raw[at] ?? '';
    const value = raw[at + 1] ?? '';
    if (INVALID_VALUE.test(value)) throw new MalformedRequest('invalid byte in a field');
    if (name.startsWith(':')) fields.addPseudo(name, value);
    else fields.add(name, value);
  }
  return fields;
}

/** The authority of a request. A client that sends Host as well must mean the same (RFC 9113 section 8.3.1). */
function authorityOf({ host, pseudo }: HeadFields): string {
  const authority = pseudo[':authority'] ?? host;
  if (!authority) throw new MalformedRequest('no authority');
  if (host !== undefined && host.toLowerCase() !== authority.toLowerCase())
    throw new MalformedRequest('Host differs from :authority');
  return authority;
}

/** The target of the request line (RFC 9113 section 8.3.1); for CONNECT the authority (section 8.5). */
function targetOf({ pseudo }: HeadFields, method: string, authority: string): string {
  const path = pseudo[':path'];
  if (method === 'CONNECT') {
    if (path !== undefined || pseudo[':scheme'] !== undefined) throw new MalformedRequest('CONNECT with a path');
    return authority;
  }
  if (pseudo[':scheme'] !== 'https') throw new MalformedRequest(':scheme other than https');
  if (path === undefined || !(path.startsWith('/') || (path === '*' && method === 'OPTIONS')))
    throw new MalformedRequest(':path is not in origin form');
  return path;
}

/** Translates a header block. `ended`: the request has no body. Throws `MalformedRequest`. */
export function translateHead(raw: readonly string[], ended: boolean): TranslatedHead {
  const fields = readFields(raw);
  const method = fields.pseudo[':method'] ?? '';
  if (!METHOD.test(method)) throw new MalformedRequest('invalid method');
  const authority = authorityOf(fields);
  const target = targetOf(fields, method, authority);
  if (!TARGET.test(target)) throw new MalformedRequest('invalid byte in the target');
  if (ended && fields.length !== undefined && Number(fields.length) !== 0)
    throw new MalformedRequest('Content-Length without a body');
  const chunked = !ended && fields.length === undefined && method !== 'CONNECT';
  const cookie = fields.cookie === undefined ? '' : `cookie: ${fields.cookie}\r\n`;
  const framing = chunked ? 'transfer-encoding: chunked\r\n' : '';
  const text = `${method} ${target} HTTP/1.1\r\nhost: ${authority}\r\n${fields.lines}${cookie}${framing}\r\n`;
  return { method, text, chunked, trailers: fields.trailers };
}
