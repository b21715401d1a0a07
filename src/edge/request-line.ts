/** Checks the request line as it was sent: Node's parser accepts forms that it does not report. */
import type { IncomingMessage } from 'node:http';

/** The packet that is being parsed; undefined when the parser has left the connection. */
function currentPacket({ socket }: IncomingMessage): Buffer | undefined {
  if (!('parser' in socket)) return undefined;
  const { parser } = socket;
  if (typeof parser !== 'object' || parser === null || !('getCurrentBuffer' in parser)) return undefined;
  const packet = typeof parser.getCurrentBuffer === 'function' ? parser.getCurrentBuffer() : undefined;
  return Buffer.isBuffer(packet) ? packet : undefined;
}

/**
 * Returns what is wrong with the request line: `protocol` for RTSP and ICE, which the parser reports as HTTP of the same version,
 * `spaces` for more than one between two parts (RFC 9112 section 3). A line that arrived in an earlier packet than the end of
 * the head is not recognized.
 */
export function requestLineFault(req: IncomingMessage): 'protocol' | 'spaces' | undefined {
  const { method = '', url = '' } = req;
  const packet = currentPacket(req);
  const usual = `${method} ${url} HTTP/`;
  if (!packet || packet.toString('latin1', 0, usual.length) === usual) return undefined;
  for (const line of packet.toString('latin1').split(/\r?\n/)) {
    if (!line.startsWith(`${method} `)) continue;
    const [first, target, protocol = '', ...rest] = line.split(/ +/);
    if (first !== method || target !== url || rest.length > 0 || !/^[A-Z]+\/1\.[01]$/.test(protocol)) continue;
    if (!protocol.startsWith('HTTP/')) return 'protocol';
    if (line !== `${usual}${protocol.slice(5)}`) return 'spaces';
  }
  return undefined;
}
