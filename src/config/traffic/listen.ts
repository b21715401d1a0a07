/** Schema of `listen`: the public listener. */
import { z } from 'zod';
import { port } from '../fields/fields.ts';
import { listenTls } from './listen-tls.ts';

export const listen = z
  .strictObject({
    host: z.string().min(1).default('0.0.0.0').describe('Address or name of the network interface.'),
    port: port().default(3000).describe('Port of browsers, or of the proxy in front. 0: one that is free.'),
    tls: listenTls,
  })
  .prefault({})
  .describe('Address of the public listener.');
