/** Three clients that read a response from the same bytes: the gateway's own parser, Node's http client, and undici. */
import { request } from 'node:http';
import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { Client } from 'undici';
import type { ResponseHead } from '../../../src/upstream/http/response-head.ts';
import { ResponseParser } from '../../../src/upstream/http/response-parser.ts';
import type { Stream } from './streams.ts';

/** A response that a client regards as complete. */
export interface Complete {
  readonly status: number;
  /** Names in lower case and values in turn. */
  readonly headers: readonly string[];
  readonly body: string;
}

/** Undefined when the client rejects the bytes or waits for more when the connection ends. */
export type Outcome = Complete | undefined;

const MAX_HEAD_BYTES = 32 * 1024;

/** undici keeps white space at the end of a value, which is not part of it (RFC 9112 section 5.1). */
const lowerNames = (raw: readonly string[]) =>
  raw.map((text, at) => (at % 2 === 0 ? text.toLowerCase() : text.replace(/[\t ]+$/, '')));

/**
 * Feeds the parts to the parser of the gateway, and then the end of the connection. `onComplete` is called after the part
 * with which the response is complete.
 */
export function readWithOwn(
  { method }: Stream,
  parts: readonly Buffer[],
  onComplete?: (part: number) => void,
): Outcome {
  let head: ResponseHead | undefined;
  let body = '';
  let isComplete = false;
  const parser = new ResponseParser(
    {
      onLeftover() {},
      onHead(received) {
        if (received.status >= 200) head = received;
      },
      onBody(chunk) {
        body += chunk.toString('latin1');
      },
      onMessageEnd() {
        isComplete = true;
      },
    },
    MAX_HEAD_BYTES,
  );
  parser.expectResponse({ isHead: method === 'HEAD', skipLeftover: false });
  try {
    for (const [index, part] of parts.entries()) {
      const wasComplete = isComplete;
      parser.feed(part);
      if (isComplete && !wasComplete) onComplete?.(index);
    }
    parser.end();
  } catch {
    // Bytes beyond a complete response are a fault, but not of this response.
  }
  if (!isComplete || head === undefined) return undefined;
  return { status: head.status, headers: lowerNames(head.headers), body };
}

/** A connection on which the upstream sends these parts when the request arrives, and then ends. */
function connectionWith(parts: readonly Buffer[]): Socket {
  let sent = false;
  const duplex = new Duplex({
    read() {},
    write(_chunk, _encoding, done) {
      done();
      if (sent) return;
      sent = true;
      // Not within the write: undici then takes the bytes for those of an earlier response.
      setImmediate(() => {
        for (const part of parts) this.push(part);
        setImmediate(() => this.push(null));
      });
    },
  });
  const extra = { setKeepAlive() {}, setNoDelay() {}, setTimeout() {}, ref() {}, unref() {} };
  return Object.assign(duplex, extra) as unknown as Socket;
}

/** Node's own client, which parses with llhttp. */
export function readWithNode({ method }: Stream, parts: readonly Buffer[]): Promise<Outcome> {
  return new Promise((resolve) => {
    const connection = connectionWith(parts);
    const headers = method === 'POST' ? { 'content-length': 0 } : {};
    const options = {
      method,
      host: 'upstream',
      headers,
      maxHeaderSize: MAX_HEAD_BYTES,
      createConnection: () => connection,
    };
    const req = request(options, (res) => {
      let body = '';
      res.on('data', (chunk: Buffer) => {
        body += chunk.toString('latin1');
      });
      res.on('error', () => resolve(undefined));
      res.on('end', () => {
        const whole = { status: res.statusCode ?? 0, headers: lowerNames(res.rawHeaders), body };
        resolve(res.complete ? whole : undefined);
      });
      res.on('close', () => resolve(undefined));
    });
    req.on('error', () => resolve(undefined));
    req.on('upgrade', () => resolve(undefined));
    req.on('close', () => setImmediate(() => resolve(undefined)));
    req.end();
  });
}

/** undici, as the switch `upstreamClient` configures it. */
export async function readWithUndici({ method }: Stream, parts: readonly Buffer[]): Promise<Outcome> {
  const connection = connectionWith(parts);
  connection.on('error', () => {});
  const client = new Client('http://upstream', {
    connect: (_, callback) => queueMicrotask(() => callback(null, connection)),
    maxHeaderSize: MAX_HEAD_BYTES,
    headersTimeout: 0,
    bodyTimeout: 0,
  });
  const outcome = await new Promise<Outcome>((resolve) => {
    let status = 0;
    let headers: string[] = [];
    let body = '';
    client.dispatch(
      { method, path: '/', body: method === 'POST' ? '' : null },
      {
        onRequestStart() {},
        onResponseStart(controller, code) {
          status = code;
          const raw = Array.isArray(controller.rawHeaders) ? controller.rawHeaders : [];
          headers = raw.map((field) => (typeof field === 'string' ? field : field.toString('latin1')));
        },
        onResponseData(_controller, chunk) {
          body += chunk.toString('latin1');
        },
        onResponseEnd: () => resolve({ status, headers: lowerNames(headers), body }),
        onResponseError: () => resolve(undefined),
      },
    );
  });
  void client.destroy();
  return outcome;
}
