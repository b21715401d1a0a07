/** Schema of `upstream` of a route: one URL, or several targets with the options of a pool. */
import { z } from 'zod';
import { httpUrlOf } from '../../upstream/connect/target-url.ts';
import { duration, headerName, serverUrl } from '../fields/fields.ts';
import { upstreamHealth } from './upstream-health.ts';
import { upstreamTls } from './upstream-tls.ts';

const baseUrl = () =>
  serverUrl().refine((text) => !text.includes('?'), 'expected a URL without query: the query of the request is used');

/** A target: its URL, or its URL with a weight; parsed to the latter. */
const target = z.union([
  baseUrl().transform((url) => ({ url, weight: 1 })),
  z.strictObject({
    url: baseUrl().describe('Base URL of the target, or unix:// and the path of a Unix socket.'),
    weight: z
      .number()
      .int()
      .min(1)
      .max(1000)
      .default(1)
      .describe('Share of the requests that the target takes, relative to the weights of the other targets.'),
  }),
]);

const pathOf = (url: string) => URL.parse(httpUrlOf(url))?.pathname.replace(/\/+$/, '');

const targets = z
  .array(target)
  .min(1)
  .max(100)
  .superRefine((list, context) => {
    const first = list[0];
    for (const [index, { url }] of list.entries()) {
      if (first && pathOf(url) !== pathOf(first.url))
        context.addIssue({
          code: 'custom',
          path: [index],
          message: `${url} has another path than ${first.url}; all targets of an upstream have the same one`,
        });
      if (list.findIndex((other) => other.url === url) < index)
        context.addIssue({
          code: 'custom',
          path: [index],
          message: `${url} is listed twice; use weight for a larger share`,
        });
    }
  })
  .describe(
    'Servers of the same API: URLs with one path. A name that resolves to several addresses is a server at each of them, which share the weight.',
  );

const balance = z
  .union([
    z.enum(['least-requests', 'round-robin']),
    z.strictObject({
      hash: z
        .union([
          z.enum(['session', 'user', 'address']),
          z.strictObject({ header: headerName().describe('Name of the request header.') }),
        ])
        .describe(
          'What decides about the target. session: the session, or the service that calls. user: issuer and subject. address: the address of the client. header: the value of a request header. A request without it is balanced by least-requests.',
        ),
    }),
  ])
  .default('least-requests')
  .describe(
    'How the target of a request is chosen. least-requests: by weight, but none that works on clearly more requests than its share. round-robin: by weight alone. hash: requests with the same key go to the same target while it is available.',
  );

/** Several targets, and the options of the pool that they form. */
export const upstreamPool = z
  .strictObject({
    targets,
    balance,
    dns: z
      .strictObject({
        refresh: duration('100ms', '1h')
          .prefault('10s')
          .describe(
            'Interval at which the names of targets are resolved again. The last addresses stay if that fails.',
          ),
      })
      .prefault({}),
    ...upstreamHealth,
    maxConnectionAge: duration('0ms', '1d')
      .prefault('5m')
      .describe(
        'Age after which a connection is closed when its response has ended, so that a load balancer behind the name can move it; shortened by up to a tenth at random. 0ms is no limit.',
      ),
    tls: upstreamTls,
    protocol: z
      .enum(['http1', 'h2', 'h2c'])
      .default('http1')
      .describe(
        'Version of HTTP that the targets speak. http1: HTTP/1.1. h2: HTTP/2 over TLS, for gRPC as well. h2c: HTTP/2 without TLS, with prior knowledge.',
      ),
  })
  .superRefine(({ targets, tls, protocol }, context) => {
    const other = protocol === 'h2' ? /^(?!https:)/i : /^https:/i;
    const wrong = protocol === 'http1' ? undefined : targets.find(({ url }) => other.test(url));
    if (wrong)
      context.addIssue({
        code: 'custom',
        path: ['protocol'],
        message: `${protocol} does not fit ${wrong.url}: h2 needs https:// targets, h2c needs http:// or unix:// targets`,
      });
    if (tls && !targets.some(({ url }) => /^https:/i.test(url)))
      context.addIssue({ code: 'custom', path: ['tls'], message: 'has no effect: no target has an https:// URL' });
  });

/** `upstream` of a route. */
export const upstream = z
  .union([baseUrl(), z.literal('none'), upstreamPool])
  .describe(
    'Base URL of the API, or several targets. unix:///run/orders.sock is a Unix socket. The path of the request is appended. none: only forward authentication asks about this route; the public port serves nothing there.',
  );
