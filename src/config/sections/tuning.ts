/** Schema of `tuning`: switches of the performance measures (src/tuning/README.md). */
import { z } from 'zod';

export const tuning = z
  .strictObject({
    listeningSockets: z
      .number()
      .int()
      .min(1)
      .max(256)
      .default(64)
      .describe(
        'Listening sockets on the public port, on Linux without workers; the gateway accepts one connection per socket in each turn of its event loop.',
      ),
    readThrottle: z
      .boolean()
      .default(true)
      .describe('With 256 or more requests in progress, queue connections before their next request is read.'),
  })
  .prefault({})
  .describe('Performance settings; the defaults suit nearly every installation.');
