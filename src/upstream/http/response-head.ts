/** Reads the head of a response strictly (RFC 9112 sections 4 to 6): what could be read in two ways is refused. */
import { protocolError } from './fault.ts';

/** How the body of a response ends. */
export type Framing =
  | { readonly kind: 'none' | 'chunked' | 'until-close' }
  | { readonly kind: 'length'; readonly length: number };

export interface ResponseHead {
  readonly status: number;
  readonly reason: string;
  /** Names as sent in turn with values. */
  readonly headers: string[];
  readonly framing: Framing;
  /** How long the connection may wait for its next request, in milliseconds; 0 when it closes; undefined when nothing is said. */
  readonly keepAlive: number | undefined;
}

const STATUS_LINE = /^HTTP\/1\.([01]) ([1-5]\d\d)(?: ([\t\x20-\x7e\x80-\xff]*))?$/;
/** RFC 9110 section 5.6.2. */
const NAME = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
/** Anything but the octets of field values (RFC 9110 section 5.5), and line breaks that are none (RFC 9112 section 2.2). */
const INVALID_TEXT = /[^\t\r\n\x20-\x7e\x80-\xff]|\r(?!\n)|(?<!\r)\n/;
const LINE_BREAK = '\r\n';
/** Names that were found good: nearly all come again. Bounded, so that no upstream can make it grow. */
const goodNames = new Set<string>();
const MAX_KNOWN_NAMES = 512;

const NONE: Framing = { kind: 'none' };
const CHUNKED: Framing = { kind: 'chunked' };
const UNTIL_CLOSE: Framing = { kind: 'until-close' };

/** What the fields say about the message itself. */
interface MessageFields {
  length: string | undefined;
  coding: string | undefined;
  connection: string;
  keepAlive: string;
}

function checkName(name: string): void {
  if (goodNames.has(name)) return;
  if (!NAME.test(name)) throw protocolError('a field name that is none');
  if (goodNames.size < MAX_KNOWN_NAMES && name.length <= 64) goodNames.add(name);
}

/** The value behind a colon without the white space around it (RFC 9112 section 5.1: none before the colon, any after it). */
function fieldValue(text: string, colon: number, end: number): string {
  let from = colon + 1;
  let to = end;
  while (from < to && isSpace(text.charCodeAt(from))) from += 1;
  while (to > from && isSpace(text.charCodeAt(to - 1))) to -= 1;
  return text.slice(from, to);
}

const isSpace = (code: number) => code === 0x20 || code === 0x09;

function once(known: string | undefined, value: string, what: string): string {
  if (known !== undefined) throw protocolError(`${what} more than once`);
  return value;
}

function recordField(said: MessageFields, name: string, value: string): void {
  // The length first: most fields need no comparison of letters at all.
  if (name.length === 14 && name.toLowerCase() === 'content-length')
    said.length = once(said.length, value, 'Content-Length');
  else if (name.length === 17 && name.toLowerCase() === 'transfer-encoding')
    said.coding = once(said.coding, value, 'Transfer-Encoding');
  else if (name.length === 10 && said.keepAlive === '' && name.toLowerCase() === 'keep-alive') said.keepAlive = value;
  else if (name.length === 10 && name.toLowerCase() === 'connection') said.connection += `,${value.toLowerCase()}`;
}

/** Where the line ends that a place in a text belongs to. */
function lineEnd(text: string, from: number): number {
  const end = text.indexOf(LINE_BREAK, from);
  return end < 0 ? text.length : end;
}

/** The fields of a head or a trailer, all that stands behind its first line. */
export function readFields(text: string, said?: MessageFields): string[] {
  // Once for all of it: most of the time there is nothing to find.
  if (INVALID_TEXT.test(text)) throw protocolError('a byte that no field may hold');
  const headers: string[] = [];
  for (let from = lineEnd(text, 0) + 2, end = from; from < text.length; from = end + 2) {
    end = lineEnd(text, from);
    const colon = text.indexOf(':', from);
    if (colon <= from || colon >= end) throw protocolError('a line that is no field');
    const name = text.slice(from, colon);
    checkName(name);
    const value = fieldValue(text, colon, end);
    headers.push(name, value);
    if (said) recordField(said, name, value);
  }
  return headers;
}

/** RFC 9112 section 6.3, in its order; where it lets a recipient choose between repair and refusal, refusal. */
function framingOf(status: number, oldVersion: boolean, noBody: boolean, { length, coding }: MessageFields): Framing {
  if (noBody || status < 200 || status === 204 || status === 304) return NONE;
  if (coding !== undefined) {
    if (length !== undefined) throw protocolError('Content-Length beside Transfer-Encoding');
    if (oldVersion || coding.toLowerCase() !== 'chunked') throw protocolError('a Transfer-Encoding other than chunked');
    return CHUNKED;
  }
  if (length === undefined) return UNTIL_CLOSE;
  if (!/^\d{1,15}$/.test(length)) throw protocolError('a Content-Length that is none');
  return { kind: 'length', length: Number(length) };
}

/**
 * RFC 9112 section 9.3; the hint of `Keep-Alive` is in seconds. A response without a body (HEAD, 204, 304) always ends the
 * connection: some upstreams send a body all the same, announced or not, at any later time, and nothing tells such bytes
 * from the response to the next request (RFC 9110 section 9.3.2, RFC 9112 sections 6.3 and 11.2).
 */
function keepAliveOf(
  oldVersion: boolean,
  framing: Framing,
  { connection, keepAlive }: MessageFields,
): number | undefined {
  if (oldVersion || framing.kind === 'until-close' || framing.kind === 'none') return 0;
  if (/(?:^|[,\s])close(?:$|[,\s])/.test(connection)) return 0;
  const hint = /(?:^|[,\s])timeout=(\d{1,6})/i.exec(keepAlive)?.[1];
  return hint === undefined ? undefined : Number(hint) * 1000;
}

/** Reads a head without its last empty line. `noBody`: the request was HEAD. Throws `UpstreamFault`. */
export function readHead(text: string, noBody: boolean): ResponseHead {
  const line = text.slice(0, lineEnd(text, 0));
  const match = STATUS_LINE.exec(line);
  if (!match) throw protocolError('no status line of HTTP/1.1');
  const oldVersion = match[1] === '0';
  const status = Number(match[2]);
  const said: MessageFields = { length: undefined, coding: undefined, connection: '', keepAlive: '' };
  const headers = readFields(text, said);
  // Nothing was offered and nothing was waited for (RFC 9110 sections 7.8 and 10.1.1).
  if (status === 100 || status === 101) throw protocolError(`${status} that nobody asked for`);
  const framing = framingOf(status, oldVersion, noBody, said);
  return { status, reason: match[3] ?? '', headers, framing, keepAlive: keepAliveOf(oldVersion, framing, said) };
}

/** The values of a field of a head, in their order; `name` in lower case. */
export function valuesOf(headers: readonly string[], name: string): string[] {
  const values: string[] = [];
  for (let at = 0; at < headers.length; at += 2)
    if (headers[at]?.length === name.length && headers[at]?.toLowerCase() === name) values.push(headers[at + 1] ?? '');
  return values;
}

/** By lower-case name; the values of a repeated field as one list. */
export function fieldsOf(headers: readonly string[]): Record<string, string> {
  const fields: Record<string, string> = {};
  for (let at = 0; at < headers.length; at += 2) {
    const name = headers[at]?.toLowerCase() ?? '';
    const value = headers[at + 1] ?? '';
    fields[name] = fields[name] === undefined ? value : `${fields[name]}, ${value}`;
  }
  return fields;
}
