/** Parses response heads strictly (RFC 9112 sections 4 to 6): a head that can be read in two ways is rejected. */
import { protocolError } from './fault.ts';
import {
  bodyFraming,
  type Framing,
  type FramingFields,
  keepAliveMs,
  noFramingFields,
  recordFramingField,
} from './framing.ts';

export interface ResponseHead {
  readonly status: number;
  readonly reason: string;
  /** Names and values in turn, as received. */
  readonly headers: string[];
  readonly framing: Framing;
  /** How long the upstream keeps the connection open; 0 when it closes; undefined when it announces nothing. */
  readonly keepAliveMs: number | undefined;
}

const STATUS_LINE = /^HTTP\/1\.([01]) ([1-5]\d\d)(?: ([\t\x20-\x7e\x80-\xff]*))?$/;
/** RFC 9110 section 5.6.2. */
const FIELD_NAME = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
/** Any byte that a field value may not contain (RFC 9110 section 5.5), and bare CR or LF (RFC 9112 section 2.2). */
const INVALID_FIELD_BYTE = /[^\t\r\n\x20-\x7e\x80-\xff]|\r(?!\n)|(?<!\r)\n/;
/** The same in text that is incomplete, where a line feed may follow the last byte. Used with `lastIndex`. */
const INVALID_BYTE_SO_FAR = /[^\t\r\n\x20-\x7e\x80-\xff]|\r(?!\n|$)|(?<!\r)\n/g;
const VERSION = 'HTTP/1.';
const LINE_BREAK = '\r\n';
/** Cache of names that passed validation, since names repeat. Bounded, so that an upstream cannot make it grow. */
const validNames = new Set<string>();
const MAX_VALID_NAMES = 512;

/** A head before its framing is decided. */
export interface MessageHead {
  readonly status: number;
  readonly reason: string;
  readonly isHttp10: boolean;
  readonly headers: string[];
}

function checkName(name: string): void {
  if (validNames.has(name)) return;
  if (!FIELD_NAME.test(name)) throw protocolError('invalid field name');
  if (validNames.size < MAX_VALID_NAMES && name.length <= 64) validNames.add(name);
}

/** The value after the colon without surrounding white space (RFC 9112 section 5.1). */
function fieldValue(text: string, colon: number, end: number): string {
  let from = colon + 1;
  let to = end;
  while (from < to && isSpace(text.charCodeAt(from))) from += 1;
  while (to > from && isSpace(text.charCodeAt(to - 1))) to -= 1;
  return text.slice(from, to);
}

const isSpace = (code: number) => code === 0x20 || code === 0x09;

/** The index at which the line that contains `from` ends. */
function lineEnd(text: string, from: number): number {
  const end = text.indexOf(LINE_BREAK, from);
  return end < 0 ? text.length : end;
}

/** Returns the index of the colon of a field line. Throws unless a valid name comes directly before it. */
function colonOf(text: string, from: number, end: number): number {
  const colon = text.indexOf(':', from);
  if (colon <= from || colon >= end) throw protocolError('field line without a name or a colon');
  checkName(text.slice(from, colon));
  return colon;
}

/** Parses the fields of a head or a trailer, which follow its first line. */
export function parseFields(text: string, framingFields?: FramingFields): string[] {
  // One test for the whole text instead of one for each field.
  if (INVALID_FIELD_BYTE.test(text)) throw protocolError('invalid byte in a field');
  const headers: string[] = [];
  for (let from = lineEnd(text, 0) + 2, end = from; from < text.length; from = end + 2) {
    end = lineEnd(text, from);
    const colon = colonOf(text, from, end);
    const name = text.slice(from, colon);
    const value = fieldValue(text, colon, end);
    headers.push(name, value);
    if (framingFields) recordFramingField(framingFields, name, value);
  }
  return headers;
}

function parseStatusLine(line: string): RegExpExecArray {
  const match = STATUS_LINE.exec(line);
  if (!match) throw protocolError('invalid HTTP/1.1 status line');
  return match;
}

/**
 * Rejects a head or a trailer as soon as one of its lines is invalid: an upstream that ends lines in another way, or speaks
 * another protocol, may never send an empty line. See `CheckIncomplete`.
 */
export function checkIncompleteHead(text: string, lineStart: number, length: number): number {
  INVALID_BYTE_SO_FAR.lastIndex = Math.max(0, length - 1);
  if (INVALID_BYTE_SO_FAR.test(text)) throw protocolError('invalid byte in a head');
  let from = lineStart;
  for (let end = text.indexOf(LINE_BREAK, from); end >= 0; end = text.indexOf(LINE_BREAK, from)) {
    if (from === 0) parseStatusLine(text.slice(0, end));
    else colonOf(text, from, end);
    from = end + LINE_BREAK.length;
  }
  if (from === 0 && !VERSION.startsWith(text.slice(0, VERSION.length))) throw protocolError('not an HTTP/1.1 response');
  return from;
}

/** Parses a head without its final empty line. `isHead`: the request method was HEAD. Throws `UpstreamFault`. */
export function parseHead(text: string, isHead: boolean): ResponseHead {
  const match = parseStatusLine(text.slice(0, lineEnd(text, 0)));
  const fields = noFramingFields();
  const headers = parseFields(text, fields);
  const message = { status: Number(match[2]), reason: match[3] ?? '', isHttp10: match[1] === '0', headers };
  return withFraming(message, isHead, fields);
}

/** The head of a response that another parser has read. `isHead`: the request method was HEAD. Throws `UpstreamFault`. */
export function describeHead(message: MessageHead, isHead: boolean): ResponseHead {
  const fields = noFramingFields();
  for (let index = 0; index < message.headers.length; index += 2)
    recordFramingField(fields, message.headers[index] ?? '', message.headers[index + 1] ?? '');
  return withFraming(message, isHead, fields);
}

function withFraming(message: MessageHead, isHead: boolean, fields: FramingFields): ResponseHead {
  const { status, reason, isHttp10, headers } = message;
  // The gateway never sends Upgrade (RFC 9110 section 7.8).
  if (status === 101) throw protocolError('unrequested switch of the protocol');
  const framing = bodyFraming(status, isHttp10, isHead, fields);
  return { status, reason, headers, framing, keepAliveMs: keepAliveMs(isHttp10, framing, fields) };
}

/** The values of a header in order; `name` is in lower case. */
export function headerValues(headers: readonly string[], name: string): string[] {
  const values: string[] = [];
  for (let index = 0; index < headers.length; index += 2)
    if (headers[index]?.length === name.length && headers[index]?.toLowerCase() === name)
      values.push(headers[index + 1] ?? '');
  return values;
}

/** The headers by lower-case name; values of repeated headers are joined with commas. */
export function headersByName(headers: readonly string[]): Record<string, string> {
  const fields: Record<string, string> = {};
  for (let index = 0; index < headers.length; index += 2) {
    const name = headers[index]?.toLowerCase() ?? '';
    const value = headers[index + 1] ?? '';
    fields[name] = fields[name] === undefined ? value : `${fields[name]}, ${value}`;
  }
  return fields;
}
