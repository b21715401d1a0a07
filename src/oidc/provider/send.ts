/** Connections to the provider with a client certificate, a CA of its own, or through the proxy of the environment. */
import { rootCertificates } from 'node:tls';
import { readOptionFile } from '../../base/system/unreadable.ts';
import type { ProviderConfig } from '../../config/schema/schema.ts';
import { readClientCertificate } from './client-certificate.ts';
import type { SendRequest } from './fetch.ts';

/** The options that need connections of their own. */
export type ConnectionSettings = Pick<ProviderConfig, 'tls' | 'ca' | 'proxy'>;

/**
 * Returns a fetch for these options, or undefined when Node's own does. The certificate is presented to every server that
 * requests one. Throws when a file cannot be read.
 */
export function createSend({ tls, ca, proxy }: ConnectionSettings): SendRequest | undefined {
  if (tls === undefined && ca === undefined && proxy === 'none') return undefined;
  const { cert, key } = tls === undefined ? {} : readClientCertificate(tls);
  const connect = {
    rejectUnauthorized: true,
    ...(cert === undefined || key === undefined ? {} : { cert, key }),
    // Beside the public CAs: the file of a company names its own CA only.
    ...(ca === undefined ? {} : { ca: [...rootCertificates, readOptionFile('provider.ca', ca)] }),
  };
  // Node's own fetch accepts none of these; undici is loaded only where one is configured.
  const client = import('undici').then(({ Agent, EnvHttpProxyAgent, fetch }) => {
    const direct = { ...connect, autoSelectFamily: true };
    const dispatcher =
      proxy === 'environment'
        ? new EnvHttpProxyAgent({ connect: direct, requestTls: connect })
        : new Agent({ connect: direct });
    return { fetch, dispatcher };
  });
  // A failed import is reported by each request; without this handler it would be an unhandled rejection.
  client.catch(() => {});
  return async function send(url, init) {
    const { fetch, dispatcher } = await client;
    const { status, statusText, headers, body } = await fetch(url, { ...init, dispatcher });
    return { status, statusText, headers: [...headers], body };
  };
}
