/** Writes a response that was parsed from HTTP/1.1 to an HTTP/2 stream. */
import type { ServerHttp2Stream } from 'node:http2';
import type { ParserSink } from '../../upstream/http/request-port.ts';
import type { ResponseHead } from '../../upstream/http/response-head.ts';

/** Fields of a connection, which HTTP/2 does not have (RFC 9113 section 8.2.2). Node throws for each of them. */
const CONNECTION_FIELDS = new Set([
  'connection',
  'http2-settings',
  'keep-alive',
  'proxy-connection',
  'te',
  'transfer-encoding',
  'upgrade',
]);

/** The fields that HTTP/2 has, in lower case, behind those that are given first. */
function fieldsOf(raw: readonly string[], first: readonly string[] = []): string[] {
  const fields = [...first];
  for (let at = 0; at + 1 < raw.length; at += 2) {
    const name = (raw[at] ?? '').toLowerCase();
    if (!CONNECTION_FIELDS.has(name)) fields.push(name, raw[at + 1] ?? '');
  }
  return fields;
}

/** The fields by name: Node takes those of informational responses and trailers in this form only. */
function byName(fields: readonly string[]): Record<string, string[]> {
  // Without a prototype: an upstream may send a field with the name `constructor`.
  const named: Record<string, string[]> = Object.create(null);
  for (let at = 0; at + 1 < fields.length; at += 2) {
    const name = fields[at] ?? '';
    named[name] = [...(named[name] ?? []), fields[at + 1] ?? ''];
  }
  return named;
}

/** Whether a final head has no body behind it, so that its frame ends the stream. */
const isWhole = ({ framing }: ResponseHead) =>
  framing.kind === 'none' || (framing.kind === 'length' && framing.length === 0);

/** A class and not closures, because its methods run for every packet. */
export class ResponseSink implements ParserSink {
  /** Whether the response is complete, though not necessarily sent. */
  ended = false;
  /** Whether the client takes more at once. */
  writable = true;
  /** Whether trailers follow the body. */
  sendsTrailers = false;
  readonly #stream: ServerHttp2Stream;
  readonly #takesTrailers: boolean;
  #trailers: readonly string[] = [];

  constructor(stream: ServerHttp2Stream, takesTrailers: boolean) {
    this.#stream = stream;
    this.#takesTrailers = takesTrailers;
  }

  /** Never called: nothing is skipped before a response. */
  onLeftover(): void {}

  onHead(head: ResponseHead): void {
    const stream = this.#stream;
    if (stream.destroyed || stream.closed) return;
    const fields = fieldsOf(head.headers, [':status', String(head.status)]);
    if (head.status < 200) stream.additionalHeaders(byName(fields));
    else {
      const waitForTrailers = this.#takesTrailers && head.framing.kind === 'chunked';
      this.sendsTrailers = waitForTrailers;
      if (waitForTrailers) stream.once('wantTrailers', () => stream.sendTrailers(byName(fieldsOf(this.#trailers))));
      stream.respond(fields, { endStream: isWhole(head), waitForTrailers });
    }
  }

  onBody(chunk: Buffer): void {
    const stream = this.#stream;
    if (!stream.destroyed && !stream.closed) this.writable = stream.write(chunk);
  }

  onMessageEnd(trailers: readonly string[]): void {
    this.ended = true;
    this.#trailers = trailers;
    if (!this.#stream.writableEnded) this.#stream.end();
  }
}
