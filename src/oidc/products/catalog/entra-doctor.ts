/** Errors of Entra ID that `bff-gateway doctor` recognizes, by their AADSTS numbers. */
import type { Advice, DoctorHints } from '../base/product.ts';

function explainAnnounced(configured: string, announced: string): Advice | undefined {
  if (announced.includes('{tenantid}'))
    return {
      message: 'this issuer of Entra ID is a multi-tenant issuer',
      hint: 'Use the tenant id in place of common or organizations, or name the tenants in provider.tenants.',
    };
  if (announced.startsWith('https://sts.windows.net/'))
    return {
      message: 'that is version 1 of Entra ID',
      hint: `Set provider.issuer: ${configured.replace(/\/$/, '')}/v2.0`,
    };
  return undefined;
}

export const entraDoctor: DoctorHints = {
  issuerSpellings: (issuer) => [`${issuer.replace(/\/(v2\.0\/?)?$/, '')}/v2.0`],
  explainAnnounced,
  discoveryErrors: [
    {
      pattern: /AADSTS(90002|900023)/,
      message: 'Entra ID has no such tenant',
      hint: 'Use the tenant id (a GUID) in the issuer, and use the login host of your cloud.',
    },
  ],
  credentialErrors: [
    {
      pattern: /AADSTS7000215/,
      message: 'Entra ID says the client secret is wrong',
      hint: 'Use the value of the secret, which is shown once; the secret id beside it is something else.',
    },
    {
      pattern: /AADSTS7000222/,
      message: 'Entra ID says the client secret has expired',
      hint: 'Create a new one under Certificates & secrets.',
    },
    {
      pattern: /AADSTS700016|AADSTS90002/,
      message: 'Entra ID finds no such application in this tenant',
      hint: 'Compare provider.clientId with the application (client) id, and the tenant id in the issuer.',
    },
    {
      pattern: /AADSTS900232[67]|Cross-origin token redemption/,
      message: 'Entra ID has the redirect URI under the platform "Single-page application"',
      hint: 'Move it to the platform "Web": the gateway is a confidential client.',
    },
  ],
  redirectUriError: /AADSTS50011|AADSTS500113|AADSTS500117/i,
  unknownClientError: /AADSTS700016/i,
  codeFlowError: /AADSTS700054/i,
};
