/** Serves the logo of the gateway's own pages, as an image and nothing else. */
import { createHash } from 'node:crypto';
import { readLogo } from '../config/fields/logo.ts';
import type { EndpointParts, EndpointSteps } from './common/endpoint.ts';

/**
 * `GET /page-logo`: revalidated on each use. An SVG that is opened by its address runs no script and loads nothing; a page shows
 * it as an image, which never does.
 */
export function pageLogo({ config }: Pick<EndpointParts, 'config'>): EndpointSteps<'pageLogo'> {
  const { logo: file = '' } = config.pages;
  const logo = readLogo(file);
  if (typeof logo === 'string') throw new Error(`${file} ${logo}`);
  const { type, body } = logo;
  const tag = createHash('sha256').update(body).digest('base64url').slice(0, 22);
  return {
    GET: [
      function sendLogo(_req, res) {
        res
          .set({ ETag: `"${tag}"`, 'Cache-Control': 'no-cache', 'X-Content-Type-Options': 'nosniff' })
          .set(
            'Content-Security-Policy',
            "default-src 'none'; style-src 'unsafe-inline'; sandbox; frame-ancestors 'none'",
          )
          .type(type)
          .send(body);
      },
    ],
  };
}
