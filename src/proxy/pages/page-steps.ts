/** What a request to a page gets instead of the page: a sign-in, a sign-out, or a question. */
import type { ServerResponse } from 'node:http';
import type { GatewayError } from '../../base/errors.ts';
import type { RequestContext } from '../../edge/request-context.ts';
import { hstsValue } from '../../responses/hsts.ts';
import { asGatewayError } from '../../responses/problem.ts';
import type { CompiledRoute } from '../../routing/routes.ts';
import type { Arrivals } from '../../session/arrivals.ts';
import { createSignInAddress, createSignInAfter, isForWindow } from './sign-in-redirect.ts';
import { createSignOutAddress, type SignOutPathParts } from './sign-out-path.ts';

export interface PageStepsParts extends SignOutPathParts {
  arrivals: Pick<Arrivals, 'isRecent'>;
}

export interface PageSteps {
  /** Responds to a request to a sign-out path of a site; false for any other request. */
  signOut(context: RequestContext, res: ServerResponse, route: CompiledRoute): boolean;
  /**
   * Redirects the navigation that was refused because it has no session to the sign-in. Returns the response to send if there is
   * nothing to redirect, or if a sign-in has just ended here: another one would end the same way.
   */
  afterRefusal(
    context: RequestContext,
    res: ServerResponse,
    route: CompiledRoute,
    thrown: unknown,
  ): Refusal | undefined;
}

/** The response to a refused request. */
export interface Refusal {
  readonly error: GatewayError;
  /** Whether a window shows the response, so that it should be a page. */
  readonly isPage: boolean;
  /** Where the link of the page leads; undefined for the usual one. */
  readonly signInUrl?: string | undefined;
}

/** Creates the steps. */
export function createPageSteps(parts: PageStepsParts): PageSteps {
  const { config, arrivals } = parts;
  const signOutAddress = createSignOutAddress(parts);
  const signInAfter = createSignInAfter(config, arrivals);
  const signInAddress = createSignInAddress(config);
  const hsts = hstsValue(config);

  function redirect({ id }: RequestContext, res: ServerResponse, location: string): void {
    res.writeHead(303, {
      location,
      'cache-control': 'no-store',
      'referrer-policy': 'no-referrer',
      'x-request-id': id,
      'content-length': '0',
      ...(hsts === undefined ? {} : { 'strict-transport-security': hsts }),
    });
    res.end();
  }

  return {
    signOut(context, res, { config: route }) {
      const location = route.kind === 'page' ? signOutAddress(context.req, context.target, route) : undefined;
      if (location === undefined) return false;
      redirect(context, res, location);
      return true;
    },
    afterRefusal(context, res, route, thrown) {
      const error = asGatewayError(thrown);
      const isPage = route.config.kind === 'page' && isForWindow(context.req, config.csrf.header);
      const next = res.headersSent ? error : signInAfter(context, route, error);
      if (typeof next !== 'string')
        return { error: next, isPage, signInUrl: isPage ? signInAddress(context, config.publicUrl, error) : undefined };
      redirect(context, res, next);
      return undefined;
    },
  };
}
