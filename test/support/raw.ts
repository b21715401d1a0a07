/** An HTTP client that sends exact bytes over TCP and reads responses incrementally. */
import { connect, type Socket } from 'node:net';
import { within } from './wait.ts';

export interface RawHead {
  readonly status: number;
  readonly reason: string;
  /** Name and value as received, in order. */
  readonly headers: readonly (readonly [string, string])[];
  /** The values of a header, joined by `, `; undefined when it is absent. */
  header(name: string): string | undefined;
}

export interface RawResponse extends RawHead {
  readonly body: Buffer;
  readonly text: string;
  /** Informational (1xx) heads before the final one, in order. */
  readonly informational: readonly RawHead[];
}

export interface RawClient {
  readonly socket: Socket;
  /** Writes bytes (a string is latin1); resolves when the kernel has taken them. */
  send(bytes: string | Uint8Array): Promise<void>;
  /** The next response head, 1xx included; the body stays unread. */
  head(ms?: number): Promise<RawHead>;
  /** The next final response with its body; none if `method` is HEAD. Rejects when it is incomplete. */
  response(options?: { method?: string; ms?: number }): Promise<RawResponse>;
  /** Bytes up to and including `mark`. */
  until(mark: string, ms?: number): Promise<string>;
  /** Exactly `count` bytes. */
  bytes(count: number, ms?: number): Promise<Buffer>;
  /** Everything until the peer closes the connection (or resets it). */
  rest(ms?: number): Promise<Buffer>;
  /** Bytes that were received and not read yet. */
  unread(): Buffer;
  /** Whether the peer has closed or reset the connection. */
  closed(): boolean;
  /** Sends FIN and continues to read. */
  end(): void;
  /** Resets the connection. */
  reset(): void;
  destroy(): void;
}

/** Opens a connection; with `read: false`, incoming bytes stay in the kernel until `socket.resume()`. */
export async function connectRaw(
  port: number,
  host = '127.0.0.1',
  options: { read?: boolean } = {},
): Promise<RawClient> {
  const socket = connect({ port, host, noDelay: true, allowHalfOpen: true });
  const state = { buffer: Buffer.alloc(0), closed: false };
  let changed: () => void = () => {};
  socket.on('error', () => {});
  await new Promise<void>((resolve, reject) => socket.once('connect', resolve).once('error', reject));
  const close = () => {
    state.closed = true;
    changed();
  };
  socket.on('end', close).on('close', close);
  socket.on('data', (chunk) => {
    state.buffer = Buffer.concat([state.buffer, chunk]);
    changed();
  });
  if (options.read === false) socket.pause();

  /** Waits until `take` returns a value from the buffer. */
  const readWhen = <T>(take: () => T | undefined, what: string, ms = 45_000) => {
    const found = (async () => {
      for (;;) {
        const value = take();
        if (value !== undefined) return value;
        if (state.closed)
          throw new Error(`connection closed before ${what}; unread: ${state.buffer.toString('latin1').slice(0, 200)}`);
        await new Promise<void>((resolve) => {
          changed = resolve;
        });
      }
    })();
    return within(found, what, ms);
  };
  const takeBytes = (count: number) => {
    const part = state.buffer.subarray(0, count);
    state.buffer = state.buffer.subarray(count);
    return part;
  };
  const bytes = (count: number, ms?: number) =>
    readWhen(() => (state.buffer.length >= count ? takeBytes(count) : undefined), `${count} bytes`, ms);
  const upTo = (mark: string, ms?: number) =>
    readWhen(
      () => {
        const at = state.buffer.indexOf(mark, 0, 'latin1');
        return at < 0 ? undefined : takeBytes(at + mark.length).toString('latin1');
      },
      JSON.stringify(mark),
      ms,
    );
  const rest = (ms?: number) =>
    readWhen(() => (state.closed ? takeBytes(state.buffer.length) : undefined), 'the end', ms);
  const head = async (ms?: number) => parseHead(await upTo('\r\n\r\n', ms));
  const chunks = async (ms?: number) => {
    const parts: Buffer[] = [];
    for (;;) {
      const size = Number.parseInt(await upTo('\r\n', ms), 16);
      if (size === 0) break;
      parts.push(await bytes(size, ms));
      await bytes(2, ms);
    }
    while ((await upTo('\r\n', ms)) !== '\r\n') {}
    return Buffer.concat(parts);
  };

  return {
    socket,
    send: (data) =>
      new Promise((resolve, reject) => {
        const bytesOut = typeof data === 'string' ? Buffer.from(data, 'latin1') : data;
        socket.write(bytesOut, (error) => (error ? reject(error) : resolve()));
      }),
    head,
    async response({ method, ms } = {}) {
      const informational: RawHead[] = [];
      let last = await head(ms);
      for (; last.status < 200 && last.status !== 101; last = await head(ms)) informational.push(last);
      const empty = method === 'HEAD' || last.status === 204 || last.status === 304 || last.status === 101;
      const length = last.header('content-length');
      let body = Buffer.alloc(0);
      if (empty) body = Buffer.alloc(0);
      else if (/chunked$/i.test(last.header('transfer-encoding') ?? '')) body = await chunks(ms);
      else body = length === undefined ? await rest(ms) : await bytes(Number(length), ms);
      return { ...last, body, text: body.toString('utf8'), informational };
    },
    until: upTo,
    bytes,
    rest,
    unread: () => state.buffer,
    closed: () => state.closed,
    end: () => socket.end(),
    reset: () => socket.resetAndDestroy(),
    destroy: () => socket.destroy(),
  };
}

function parseHead(text: string): RawHead {
  const [start = '', ...lines] = text.slice(0, -4).split('\r\n');
  const match = /^HTTP\/1\.[01] (\d{3}) ?(.*)$/.exec(start);
  if (!match) throw new Error(`not a status line: ${start}`);
  const headers = lines.map((line) => {
    const colon = line.indexOf(':');
    return [line.slice(0, colon), line.slice(colon + 1).trim()] as const;
  });
  return {
    status: Number(match[1]),
    reason: match[2] ?? '',
    headers,
    header(name) {
      const values = headers.filter(([key]) => key.toLowerCase() === name.toLowerCase()).map(([, value]) => value);
      return values.length > 0 ? values.join(', ') : undefined;
    },
  };
}

/** Sends `bytes` on a new connection and returns the response. */
export async function rawRequest(
  port: number,
  bytes: string | Uint8Array,
  options: { method?: string; host?: string } = {},
) {
  const client = await connectRaw(port, options.host);
  try {
    await client.send(bytes);
    return await client.response(options.method === undefined ? {} : { method: options.method });
  } finally {
    client.destroy();
  }
}
