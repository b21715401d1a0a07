/** The headers that `onCall` sets or removes: which names it may use, and how they are applied. */
import { canonicalName, isReservedHeader } from '../../base/header-names.ts';
import type { Config } from '../../config/schema/schema.ts';
import type { HeaderChanges } from '../../hooks/results.ts';
import { createGatewayHeaderTest } from '../headers/request-names.ts';

/**
 * Creates the test whether a hook may set or remove a header. It may not if HTTP or the gateway gives the name a meaning, or if
 * the header holds claims of the caller (`claimHeaders`). Names of `identityHeaders` are allowed: the gateway drops those of
 * clients, so a hook is their only source.
 */
export function createHookHeaderTest(config: Config): (name: string) => boolean {
  const isOfGateway = createGatewayHeaderTest(config);
  return (name) => !isReservedHeader(name) && !isOfGateway(canonicalName(name));
}

/** Applies changes to raw headers. What the client sent under such a name, in any spelling, is replaced. */
export function changeHeaders(headers: readonly string[], changes: HeaderChanges): string[] {
  const changed: string[] = [];
  for (let index = 0; index < headers.length; index += 2) {
    const name = headers[index] ?? '';
    if (!Object.hasOwn(changes, canonicalName(name))) changed.push(name, headers[index + 1] ?? '');
  }
  for (const [name, value] of Object.entries(changes)) if (value !== undefined) changed.push(name, value);
  return changed;
}
