/** An API that accepts only bound tokens, and verifies each proof with jose (RFC 9449 section 4.3). */
import { createHash } from 'node:crypto';
import { calculateJwkThumbprint, decodeJwt, EmbeddedJWK, jwtVerify } from 'jose';
import type { RecordedRequest, Upstream } from '../support/upstream.ts';

export interface BoundApi {
  /** The nonce that a proof must contain, if any. */
  nonce: string | undefined;
  /** Why requests were refused, in order. */
  readonly refusals: string[];
  /** The `jti` of accepted proofs. */
  readonly seen: Set<string>;
  /** Verifies a request; throws with the fault. */
  verify(request: RecordedRequest): Promise<{ jkt: string; sub: unknown }>;
}

/** Makes the recorder respond as such an API. */
export function boundApi(upstream: Upstream): BoundApi {
  const api: BoundApi = {
    nonce: undefined,
    refusals: [],
    seen: new Set(),
    async verify(request) {
      const [scheme, token = ''] = (request.header('authorization') ?? '').split(' ');
      if (scheme !== 'DPoP') throw new Error(`scheme ${scheme}`);
      const { payload, protectedHeader } = await jwtVerify(request.header('dpop') ?? '', EmbeddedJWK, {
        typ: 'dpop+jwt',
        algorithms: ['ES256'],
        maxTokenAge: 60,
        clockTolerance: 5,
        requiredClaims: ['jti', 'iat'],
      });
      const { jwk } = protectedHeader;
      if (!jwk || 'd' in jwk) throw new Error('the proof contains no public key');
      const jkt = await calculateJwkThumbprint(jwk);
      const claims = decodeJwt<{ cnf?: { jkt?: string } }>(token);
      if (claims.cnf?.jkt !== jkt) throw new Error('cnf.jkt is of another key');
      if (payload.ath !== createHash('sha256').update(token).digest('base64url')) throw new Error('ath');
      if (payload.htm !== request.method) throw new Error('htm');
      if (payload.htu !== upstream.origin + request.target.split('?')[0]) throw new Error(`htu ${payload.htu}`);
      if (payload.nonce !== api.nonce) throw new Error('use_dpop_nonce');
      const jti = payload.jti ?? '';
      if (api.seen.has(jti)) throw new Error('replayed');
      api.seen.add(jti);
      return { jkt, sub: claims.sub };
    },
  };
  upstream.respondWith(async (_req, res, recorded) => {
    try {
      const body = JSON.stringify(await api.verify(recorded));
      const nonce: Record<string, string> = api.nonce === undefined ? {} : { 'dpop-nonce': api.nonce };
      res.writeHead(200, { 'content-type': 'application/json', dpop: 'canary-dpop', ...nonce }).end(body);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      api.refusals.push(reason);
      const code = reason === 'use_dpop_nonce' ? reason : 'invalid_token';
      const headers: Record<string, string> = { 'www-authenticate': `DPoP error="${code}", algs="ES256"` };
      if (api.nonce !== undefined) headers['dpop-nonce'] = api.nonce;
      res.writeHead(401, headers).end('refused');
    }
  });
  return api;
}
