/** Schema of `listen`: the public listener. */
import { z } from 'zod';
import { port } from '../fields/fields.ts';
import { listenTls, redirect } from './listen-tls.ts';

/** HTTP/2 on the public port. */
const listenHttp2 = z
  .strictObject({
    enabled: z.boolean().default(true).describe('Whether clients may choose HTTP/2. It needs listen.tls.'),
    maxConcurrentStreams: z
      .number()
      .int()
      .min(1)
      .max(10_000)
      .default(128)
      .describe('Maximum concurrent requests of one connection, event streams included.'),
  })
  .prefault({})
  .describe('HTTP/2 on the public port, with listen.tls.');

export const listen = z
  .strictObject({
    host: z.string().min(1).default('0.0.0.0').describe('Address or name of the network interface.'),
    port: port().default(3000).describe('Port of browsers, or of the proxy in front. 0: one that is free.'),
    tls: listenTls,
    http2: listenHttp2,
    redirect,
  })
  .prefault({})
  .describe('Address of the public listener.');
