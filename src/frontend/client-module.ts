/** Serves the module for the front end, with the paths and the header name of this gateway written in front of it. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { RequestHandler } from 'express';
import type { Config } from '../config/schema/schema.ts';

/**
 * Made of `src/client` by `npm run client` and checked in: what a browser gets is the same whether the gateway runs from its
 * sources or compiled, and needs no tool at the start. `src/` and `dist/` both lie beside `views/`.
 */
const MODULE = join(import.meta.dirname, '../../views/client.js');

/** `GET /client.js`: for everybody, kept by browsers but asked for again, so that it is never older than the gateway. */
export function clientModuleEndpoint({ endpoints, csrf }: Pick<Config, 'endpoints' | 'csrf'>): RequestHandler {
  const defaults = JSON.stringify({ base: endpoints.prefix, csrfHeader: csrf.header });
  const plain = Buffer.from(`const BFF_DEFAULTS=${defaults};\n${readFileSync(MODULE, 'utf8')}`);
  const packed = gzipSync(plain, { level: 9 });
  const tag = createHash('sha256').update(plain).digest('base64url').slice(0, 22);

  return function clientModule(req, res) {
    const gzip = req.acceptsEncodings(['gzip', 'identity']) === 'gzip';
    if (gzip) res.set('Content-Encoding', 'gzip');
    res
      .set({ ETag: `"${tag}${gzip ? '-gzip' : ''}"`, 'Cache-Control': 'no-cache', 'X-Content-Type-Options': 'nosniff' })
      .vary('Accept-Encoding')
      .type('text/javascript; charset=utf-8')
      .send(gzip ? packed : plain);
  };
}
