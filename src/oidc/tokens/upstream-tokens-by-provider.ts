/** Tokens for upstreams with several providers: each caller's token is exchanged where it was issued. */
import type { UpstreamToken, UpstreamTokens } from './upstream-tokens.ts';

/** A token to exchange; `provider` is the id of the provider that issued it, missing for the first one. */
export interface ExchangedToken extends UpstreamToken {
  readonly provider?: string | undefined;
}

export interface UpstreamTokensByProvider extends Pick<UpstreamTokens, 'clientCredentialsToken'> {
  /** As `UpstreamTokens.exchange`, at the provider of the token. */
  exchange(
    ...args: [subject: ExchangedToken, target: Parameters<UpstreamTokens['exchange']>[1]]
  ): Promise<UpstreamToken>;
}

/** Creates the selection by id. The first provider issues the tokens of the gateway itself. */
export function createUpstreamTokensByProvider(
  entries: readonly (readonly [id: string, tokens: UpstreamTokens])[],
): UpstreamTokensByProvider {
  const byId = new Map(entries);
  const [, first] = entries[0] ?? [];
  if (!first) throw new Error('expected at least one provider');
  return {
    clientCredentialsToken: first.clientCredentialsToken,
    exchange: (subject, target) => (byId.get(subject.provider ?? '') ?? first).exchange(subject, target),
  };
}
