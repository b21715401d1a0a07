/** Serves the client module for the front end, with the paths and the header name of this gateway as its defaults. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { EndpointParts, EndpointSteps } from './common/endpoint.ts';

/**
 * Built from `src/client` by `npm run client` and checked in, so that the gateway serves the same module from its sources and
 * compiled, and needs no bundler at start-up. `src/` and `dist/` both lie beside `views/`.
 */
const MODULE_FILE = join(import.meta.dirname, '../../views/client.js');

/** `GET /client.js`: browsers store it but revalidate it, so that it is never older than the gateway. */
export function client({ config }: Pick<EndpointParts, 'config'>): EndpointSteps<'client'> {
  const defaults = JSON.stringify({ base: config.endpoints.prefix, csrfHeader: config.csrf.header });
  const plain = Buffer.from(`const BFF_DEFAULTS=${defaults};\n${readFileSync(MODULE_FILE, 'utf8')}`);
  const compressed = gzipSync(plain, { level: 9 });
  const tag = createHash('sha256').update(plain).digest('base64url').slice(0, 22);

  return {
    GET: [
      function sendModule(req, res) {
        const gzip = req.acceptsEncodings(['gzip', 'identity']) === 'gzip';
        if (gzip) res.set('Content-Encoding', 'gzip');
        res
          .set({ ETag: `"${tag}${gzip ? '-gzip' : ''}"`, 'Cache-Control': 'no-cache' })
          .set('X-Content-Type-Options', 'nosniff')
          .vary('Accept-Encoding')
          .type('text/javascript; charset=utf-8')
          .send(gzip ? compressed : plain);
      },
    ],
  };
}
