/** Parses the headers in which proxies describe the hops before them. */

/** One hop as its proxy saw it; a missing or malformed part is undefined. */
export interface Hop {
  readonly address: string | undefined;
  readonly proto: string | undefined;
}

/** Parses `X-Forwarded-For` and `X-Forwarded-Proto` in the order of the hops; a shorter proto list is aligned right. */
export function xForwardedHops(forwardedFor: string, forwardedProto: string): Hop[] {
  const addresses = forwardedFor === '' ? [] : forwardedFor.split(',');
  const protos = forwardedProto === '' ? [] : forwardedProto.split(',');
  const count = Math.max(addresses.length, protos.length);
  const hops: Hop[] = [];
  for (let fromRight = count; fromRight >= 1; fromRight -= 1) {
    // A proxy that passes the header on unchanged leaves one value for all hops.
    const proto = protos.at(-fromRight) ?? protos[0];
    hops.push({ address: nodeAddress(addresses.at(-fromRight)?.trim()), proto: proto?.trim().toLowerCase() });
  }
  return hops;
}

/** Parses `Forwarded` (RFC 7239 section 4): elements by comma, pairs by semicolon, values as tokens or quoted strings. */
export function forwardedHops(field: string): Hop[] {
  return splitOutsideQuotes(field, ',').map((element) => {
    let address: string | undefined;
    let proto: string | undefined;
    for (const pair of splitOutsideQuotes(element, ';')) {
      const equals = pair.indexOf('=');
      const name = pair.slice(0, Math.max(equals, 0)).trim().toLowerCase();
      const value = unquoted(pair.slice(equals + 1).trim());
      if (name === 'for') address = nodeAddress(value);
      if (name === 'proto') proto = value.toLowerCase();
    }
    return { address, proto };
  });
}

/** Returns the address of a node without its port: `192.0.2.1:80`, `[2001:db8::1]:80` (RFC 7239 section 6). */
function nodeAddress(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  if (text.startsWith('[')) {
    const end = text.indexOf(']');
    return end < 0 || !/^(?::\d{1,5})?$/.test(text.slice(end + 1)) ? undefined : text.slice(1, end);
  }
  const colon = text.indexOf(':');
  const singleColon = colon >= 0 && text.indexOf(':', colon + 1) < 0;
  return singleColon && /^\d{1,5}$/.test(text.slice(colon + 1)) ? text.slice(0, colon) : text;
}

function splitOutsideQuotes(text: string, separator: string): string[] {
  const parts: string[] = [];
  let start = 0;
  let quoted = false;
  for (let at = 0; at < text.length; at += 1) {
    const char = text[at];
    if (char === '"') quoted = !quoted;
    else if (char === '\\' && quoted) at += 1;
    else if (char === separator && !quoted) {
      parts.push(text.slice(start, at));
      start = at + 1;
    }
  }
  parts.push(text.slice(start));
  return parts;
}

function unquoted(value: string): string {
  const isQuoted = value.length >= 2 && value.startsWith('"') && value.endsWith('"');
  return isQuoted ? value.slice(1, -1).replace(/\\(.)/g, '$1') : value;
}
