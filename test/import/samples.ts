/** Lists the samples of every import format. */
import type { ImportFormat } from '../../src/import/formats.ts';
export const SAMPLES: readonly { format: ImportFormat; sample: string; issuer?: string }[] = [
  { format: 'kong', sample: 'shop.yaml' },
  { format: 'kong', sample: 'partners.yaml' },
  { format: 'kong', sample: 'consumers.yaml' },
  { format: 'apim', sample: 'orders.xml' },
  { format: 'apim', sample: 'entra.xml' },
  { format: 'apim', sample: 'partners.xml' },
  { format: 'apigee', sample: 'orders' },
  { format: 'apigee', sample: 'partners' },
  { format: 'apigee', sample: 'tokens', issuer: 'https://new.example.com' },
  { format: 'oauth2-proxy', sample: 'shop.cfg' },
  { format: 'oauth2-proxy', sample: 'keycloak.cfg' },
  { format: 'oauth2-proxy', sample: 'plain.cfg' },
];
