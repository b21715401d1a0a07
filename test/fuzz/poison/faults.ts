/** The faults of the upstreams: what they send for a bad request, and the bytes that they write beyond it. */

export interface Fault {
  readonly name: string;
  readonly method: 'GET' | 'HEAD' | 'POST';
  /** The complete response; the target of the request by default. */
  readonly response?: string;
  readonly surplus: string;
  /** When the surplus is written; milliseconds after the response. */
  readonly when: 'in the same write' | 'at once' | number;
}

const POISON = 'HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison';
const TIMES = ['in the same write', 'at once', 1, 20] as const;

const withoutBody: [string, 'GET' | 'HEAD' | 'POST', string][] = [
  ['204', 'GET', 'HTTP/1.1 204 No Content\r\n\r\n'],
  ['204 with a length', 'GET', 'HTTP/1.1 204 No Content\r\nContent-Length: 44\r\n\r\n'],
  ['204 to a POST', 'POST', 'HTTP/1.1 204 No Content\r\nKeep-Alive: timeout=60\r\n\r\n'],
  ['304', 'GET', 'HTTP/1.1 304 Not Modified\r\nETag: "1"\r\n\r\n'],
  ['304 with a length', 'GET', 'HTTP/1.1 304 Not Modified\r\nETag: "1"\r\nContent-Length: 44\r\n\r\n'],
  ['HEAD', 'HEAD', 'HTTP/1.1 200 OK\r\nContent-Length: 44\r\n\r\n'],
  ['HEAD in chunks', 'HEAD', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n'],
];

/**
 * After a response with a body the surplus comes at once: later it may follow the next request, where no client can tell
 * it from the response to that request (docs/decisions/0008-upstream-client.md).
 */
export const FAULTS: readonly Fault[] = [
  ...withoutBody.flatMap(([name, method, response]) =>
    TIMES.map((when) => ({ name: `${name}, ${when}`, method, response, surplus: POISON, when })),
  ),
  { name: 'twice', method: 'GET', surplus: POISON, when: 'in the same write' },
  { name: 'an end of chunks', method: 'GET', surplus: '0\r\n\r\n', when: 'at once' },
  { name: 'a line break', method: 'GET', surplus: '\r\n', when: 'at once' },
];
