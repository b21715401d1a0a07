/** Prepares requests on routes with limits: the response says what is left of them, and a rule may allow less body. */
import type { RequestContext } from '../../edge/request-context.ts';
import type { CallerLimits } from '../../limits/caller-limits.ts';
import { LIMIT_HEADERS } from '../../limits/limit-headers.ts';
import type { CompiledRoute } from '../../routing/routes.ts';
import { mapMaybe } from '../../tuning/maybe-promise.ts';
import type { ForwardOptions } from '../forwarding/forward-options.ts';
import type { PrepareRequest } from '../forwarding/prepare-request.ts';

type PrepareFor = (route: CompiledRoute) => PrepareRequest;

/** Raw headers without those of the upstream about its own limits. */
function withoutLimitHeaders(raw: readonly string[]): string[] {
  const kept: string[] = [];
  for (let index = 0; index < raw.length; index += 2) {
    const name = raw[index] ?? '';
    if (!LIMIT_HEADERS.some((own) => own === name.toLowerCase())) kept.push(name, raw[index + 1] ?? '');
  }
  return kept;
}

/** The smaller maximum body of the rule, if it has one. */
function maxBodyOf({ config, decided }: CompiledRoute, context: RequestContext): number | undefined {
  const ofRule = decided?.get(context)?.config.maxBody;
  return ofRule === undefined ? undefined : Math.min(ofRule, config.maxBody ?? ofRule);
}

/** Returns a function that adds the limits; the given one if no route has any. */
export function prepareWithLimits(
  limits: Pick<CallerLimits, 'headersOf'> | undefined,
  routes: readonly CompiledRoute[],
  prepareFor: PrepareFor,
): PrepareFor {
  if (!limits && routes.every(({ decided }) => decided === undefined)) return prepareFor;

  function withLimits(options: ForwardOptions, context: RequestContext, route: CompiledRoute): ForwardOptions {
    const maxBody = maxBodyOf(route, context);
    const headers = limits?.headersOf(context);
    const limited = maxBody === undefined ? options : { ...options, maxBody };
    if (!headers) return limited;
    const own = Object.entries(headers).flat();
    return { ...limited, rewriteHeaders: (raw) => [...withoutLimitHeaders(options.rewriteHeaders(raw)), ...own] };
  }

  return (route) => {
    const prepare = prepareFor(route);
    return (context, admission, extra) =>
      mapMaybe(prepare(context, admission, extra), (options) => withLimits(options, context, route));
  };
}
