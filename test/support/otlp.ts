/** Decodes OTLP trace requests (opentelemetry-proto, trace/v1) from protobuf and JSON, without the code that encodes them. */

export interface ReceivedSpan {
  traceId: string;
  spanId: string;
  /** Empty for a root span. */
  parentId: string;
  name: string;
  /** 1 internal, 2 server, 3 client. */
  kind: number;
  start: bigint;
  end: bigint;
  attributes: Record<string, unknown>;
  /** 2 is an error. */
  status: number;
  events: number;
  resource: Record<string, unknown>;
}

/** Fields of a protobuf message: number and value; a value with a length is bytes. */
function* fieldsOf(bytes: Buffer): Generator<[number, bigint | Buffer]> {
  let at = 0;
  function varint(): bigint {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = bytes.readUInt8(at);
      at += 1;
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
  }
  while (at < bytes.length) {
    const tag = Number(varint());
    const [field, type] = [tag >> 3, tag & 7];
    if (type === 0) yield [field, varint()];
    else if (type === 1) {
      yield [field, bytes.readBigUInt64LE(at)];
      at += 8;
    } else if (type === 5) {
      yield [field, BigInt(bytes.readUInt32LE(at))];
      at += 4;
    } else if (type === 2) {
      const length = Number(varint());
      yield [field, bytes.subarray(at, at + length)];
      at += length;
    } else throw new Error(`wire type ${type}`);
  }
}

const messages = (bytes: Buffer, field: number): Buffer[] =>
  [...fieldsOf(bytes)].flatMap(([number, value]) => (number === field && Buffer.isBuffer(value) ? [value] : []));
const number = (bytes: Buffer, field: number): bigint => {
  const value = [...fieldsOf(bytes)].find(([each]) => each === field)?.[1];
  return typeof value === 'bigint' ? value : 0n;
};
const text = (bytes: Buffer, field: number) => messages(bytes, field)[0]?.toString('utf8') ?? '';
const hex = (bytes: Buffer, field: number) => messages(bytes, field)[0]?.toString('hex') ?? '';

function anyValue(bytes: Buffer): unknown {
  for (const [field, value] of fieldsOf(bytes)) {
    if (field === 1) return value.toString();
    if (field === 2) return value === 1n;
    if (field === 3) return Number(value);
    if (field === 4 && typeof value === 'bigint') return Buffer.from(BigUint64Array.of(value).buffer).readDoubleLE();
  }
  return undefined;
}

const attributesOf = (bytes: Buffer, field: number) =>
  Object.fromEntries(
    messages(bytes, field).map((entry) => [text(entry, 1), anyValue(messages(entry, 2)[0] ?? Buffer.alloc(0))]),
  );

export function decodeProtobuf(body: Buffer): ReceivedSpan[] {
  return messages(body, 1).flatMap((resourceSpans) => {
    const [resource = Buffer.alloc(0)] = messages(resourceSpans, 1);
    return messages(resourceSpans, 2).flatMap((scopeSpans) =>
      messages(scopeSpans, 2).map((span) => ({
        traceId: hex(span, 1),
        spanId: hex(span, 2),
        parentId: hex(span, 4),
        name: text(span, 5),
        kind: Number(number(span, 6)),
        start: number(span, 7),
        end: number(span, 8),
        attributes: attributesOf(span, 9),
        status: Number(number(messages(span, 15)[0] ?? Buffer.alloc(0), 3)),
        events: messages(span, 11).length,
        resource: attributesOf(resource, 1),
      })),
    );
  });
}

interface JsonAttribute {
  key: string;
  value: Record<string, unknown>;
}

interface JsonSpan {
  traceId: string;
  spanId: string;
  parentSpanId?: string;
  name: string;
  kind: number;
  startTimeUnixNano: string;
  endTimeUnixNano: string;
  attributes?: JsonAttribute[];
  status?: { code?: number };
  events?: unknown[];
}

interface JsonRequest {
  resourceSpans: { resource?: { attributes?: JsonAttribute[] }; scopeSpans: { spans: JsonSpan[] }[] }[];
}

const jsonAttributes = (attributes: JsonAttribute[] = []) =>
  Object.fromEntries(attributes.map(({ key, value }) => [key, Object.values(value)[0]]));

export function decodeJson(body: Buffer): ReceivedSpan[] {
  const { resourceSpans }: JsonRequest = JSON.parse(body.toString('utf8'));
  return resourceSpans.flatMap(({ resource, scopeSpans }) =>
    scopeSpans.flatMap(({ spans }) =>
      spans.map((span) => ({
        traceId: span.traceId,
        spanId: span.spanId,
        parentId: span.parentSpanId ?? '',
        name: span.name,
        kind: span.kind,
        start: BigInt(span.startTimeUnixNano),
        end: BigInt(span.endTimeUnixNano),
        attributes: jsonAttributes(span.attributes),
        status: span.status?.code ?? 0,
        events: span.events?.length ?? 0,
        resource: jsonAttributes(resource?.attributes),
      })),
    ),
  );
}
