/** Chooses the provider of a sign-in: the one that the request names, or that the user's address or session shows. */
import type { Request } from 'express';
import { GatewayError } from '../../base/errors.ts';
import { admitsDomain, emailDomain } from '../../oidc/login/email-domain.ts';
import type { SignInProvider } from '../../oidc/sign-in/sign-in-provider.ts';
import { currentSession } from './current-session.ts';
import type { EndpointParts } from './endpoint.ts';

export type ChooseProviderParts = Pick<EndpointParts, 'config' | 'providers' | 'sessions'>;

/** The provider that a request names. With a single one, the parameter has no meaning. */
function namedProvider({ providers }: ChooseProviderParts, id: string): SignInProvider {
  const hint = `The providers are ${providers.all.map((provider) => provider.id).join(', ')}.`;
  return providers.get(id) ?? fail(hint);
}

function fail(hint: string): never {
  throw new GatewayError('provider_unknown', { hint });
}

/** The provider for the users of a domain (home-realm discovery). */
function providerOfAddress({ providers }: ChooseProviderParts, address: string): SignInProvider | undefined {
  const domain = emailDomain(address);
  return domain === undefined ? undefined : providers.all.find(({ config }) => admitsDomain(config, domain));
}

/**
 * Returns the provider of a sign-in; undefined if the user has to choose. Rejects with `provider_unknown`: a silent sign-in shows
 * no page to choose on.
 */
export async function chooseProvider(
  parts: ChooseProviderParts,
  query: URLSearchParams,
  req: Pick<Request, 'headers'>,
): Promise<SignInProvider | undefined> {
  const [first, ...others] = parts.providers.all;
  if (others.length === 0) return first;
  const named = query.get('provider');
  if (named !== null) return namedProvider(parts, named);
  const hinted = providerOfAddress(parts, query.get('login_hint') ?? '');
  if (hinted) return hinted;
  if (query.get('prompt') === 'none') {
    const session = await currentSession(parts, req);
    return session ? parts.providers.of(session) : fail('A silent sign-in without a session names its provider.');
  }
  return parts.config.login.choose === 'default' ? first : undefined;
}
