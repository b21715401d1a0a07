/** An OTLP/HTTP collector for tests: records the spans that it receives, and everything that arrived as text. */
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { decodeJson, decodeProtobuf, type ReceivedSpan } from './otlp.ts';

export interface Collector {
  /** Base URL. */
  readonly url: string;
  readonly spans: ReceivedSpan[];
  readonly requests: { path: string; headers: IncomingHttpHeaders }[];
  /** Every byte that arrived, decompressed; one character each. */
  text(): string;
  /** Status of the next responses. */
  respondWith(status: number): void;
  /** The spans with this name. */
  named(name: string): ReceivedSpan[];
  /** Paths of names from the root, of all spans, in order of their start; a parent elsewhere counts as root. */
  tree(): string[];
}

/** Starts the collector, which ends with the test. */
export async function startCollector(t: Pick<TestContext, 'after'>, port = 0): Promise<Collector> {
  const spans: ReceivedSpan[] = [];
  const requests: Collector['requests'] = [];
  let text = '';
  let status = 200;
  const server = createServer(async (req, res) => {
    const chunks: Buffer[] = [];
    for await (const chunk of req) chunks.push(chunk);
    const sent = Buffer.concat(chunks);
    const body = req.headers['content-encoding'] === 'gzip' ? gunzipSync(sent) : sent;
    text += body.toString('latin1');
    requests.push({ path: req.url ?? '', headers: req.headers });
    if (status === 200) {
      const isJson = req.headers['content-type'] === 'application/json';
      spans.push(...(isJson ? decodeJson(body) : decodeProtobuf(body)));
    }
    res.writeHead(status).end();
  });
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });

  function pathOf(span: ReceivedSpan): string {
    const parent = spans.find(({ spanId }) => spanId === span.parentId);
    return parent ? `${pathOf(parent)} > ${span.name}` : span.name;
  }
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    spans,
    requests,
    text: () => text,
    respondWith(next) {
      status = next;
    },
    named: (name) => spans.filter((span) => span.name === name),
    tree: () => spans.toSorted((a, b) => Number(a.start - b.start)).map(pathOf),
  };
}
