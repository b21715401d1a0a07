/** Parses what surrounds the data of a chunk (RFC 9112 section 7.1); extensions are ignored. */
import { protocolError } from './fault.ts';

const TOKEN = "[!#$%&'*+\\-.^_`|~0-9A-Za-z]+";
const QUOTED_STRING = '"(?:[\\t\\x20\\x21\\x23-\\x5b\\x5d-\\x7e\\x80-\\xff]|\\\\[\\t\\x20-\\x7e\\x80-\\xff])*"';
const EXTENSION = `[\\t ]*;[\\t ]*${TOKEN}(?:[\\t ]*=[\\t ]*(?:${TOKEN}|${QUOTED_STRING}))?`;
const SIZE_LINE = new RegExp(`^([0-9a-fA-F]{1,12})(?:${EXTENSION})*$`);
/** The bytes of a size line that is not complete; a carriage return must be the last one. */
const INCOMPLETE_LINE = /^(?:[0-9a-fA-F]{1,12}(?:[\t ;][\t\x20-\x7e\x80-\xff]*)?\r?)?$/;

/** Returns the size; 0 is the last chunk. Throws `UpstreamFault`. */
export function parseChunkSize(line: string): number {
  const size = SIZE_LINE.exec(line)?.[1];
  if (size === undefined) throw protocolError('invalid chunk size');
  return Number.parseInt(size, 16);
}

/** Rejects a size line as soon as it is invalid. */
export function checkIncompleteSize(line: string): number {
  if (!INCOMPLETE_LINE.test(line)) throw protocolError('invalid chunk size');
  return 0;
}

/** Rejects data beyond the size of a chunk. */
export function checkIncompleteEnd(text: string): number {
  if (text !== '\r') throw protocolError('a chunk longer than its size');
  return 0;
}
