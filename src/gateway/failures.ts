/** Responds to errors: the one place where an error is logged, counted and rendered. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { GatewayError } from '../base/errors.ts';
import { endpointPaths } from '../config/schema/endpoints.ts';
import type { Config } from '../config/schema/schema.ts';
import type { Arrive } from '../edge/arrival.ts';
import { discardRest } from '../edge/request-body.ts';
import { retryUrl, returnAddressOf } from '../endpoints/common/return-address.ts';
import type { Metrics } from '../observe/metrics/metrics.ts';
import { isTopLevelNavigation } from '../policy/navigation.ts';
import { hstsValue } from '../responses/hsts.ts';
import { createOwnErrorPage } from '../responses/own-error-page.ts';
import type { Pages } from '../responses/pages.ts';
import { asGatewayError, logProblem, renderError } from '../responses/problem.ts';
import { renderErrorOnSocket } from '../responses/socket-response.ts';
import { endRefusedUpgrade } from '../tracing/request-span.ts';

export interface FailureResponder {
  /**
   * Responds to a request; as a page if the client accepts HTML and `mayBePage`, or if it is a navigation for certain. Its link leads
   * to `signInUrl`, if there is one. Returns the error that was sent.
   */
  respond(
    req: IncomingMessage,
    res: ServerResponse,
    thrown: unknown,
    mayBePage: boolean,
    signInUrl?: string,
  ): GatewayError;
  /** Responds to a request that was refused before a route or an endpoint was chosen, and counts it. */
  respondUnmatched(req: IncomingMessage, res: ServerResponse, thrown: unknown): void;
  /** Responds to an upgrade on its socket. Returns the error that was sent. */
  respondOnSocket(req: IncomingMessage, socket: Duplex, thrown: unknown): GatewayError;
}

export interface FailureOptions {
  config: Config;
  arrive: Arrive;
  pages: Pages;
  metrics: Pick<Metrics, 'countError' | 'countResponse'>;
}

/** Whether a browser reports a navigation of its user; without fetch metadata the client may be a program. */
const isNavigation = ({ headers, method = '' }: IncomingMessage) =>
  headers['sec-fetch-mode'] !== undefined && isTopLevelNavigation(headers, method);

export function createFailureResponder({ config, arrive, pages, metrics }: FailureOptions): FailureResponder {
  const { login: loginUrl, callback } = endpointPaths(config.endpoints);
  const hsts = hstsValue(config);
  const ownErrorPage = createOwnErrorPage(config);

  /** The address of a request, to open it again; a sign-in begins again, and a form is only for its user to send. */
  function sameUrl(req: IncomingMessage): string | undefined {
    const [path = ''] = (req.url ?? '').split('?');
    if (path === loginUrl || path === callback || path.startsWith(`${callback}/`)) return retryUrl(req, loginUrl);
    // Absolute, because a path may start with two slashes.
    return req.method === 'GET' && path.startsWith('/') ? config.publicUrl + req.url : undefined;
  }

  /** Logs and counts an error; returns it with the id of its request. */
  function record(req: IncomingMessage, thrown: unknown): { error: GatewayError; requestId: string } {
    const error = asGatewayError(thrown);
    const { id: requestId, log, span, access } = arrive(req);
    if (access) access.errorCode = error.code;
    logProblem(log, error);
    metrics.countError(error.code);
    span?.setAttribute('bff.error.code', error.code);
    return { error, requestId };
  }

  const respond: FailureResponder['respond'] = (req, res, thrown, mayBePage, signInUrl) => {
    const { error, requestId } = record(req, thrown);
    const asPage = (mayBePage || isNavigation(req)) && /text\/html/i.test(req.headers.accept ?? '');
    renderError(res, error, {
      requestId,
      pages: asPage ? pages : undefined,
      loginUrl: signInUrl ?? retryUrl(req, loginUrl),
      sameUrl: sameUrl(req),
      ownPage: asPage ? ownErrorPage(req, error, requestId, returnAddressOf(req)) : undefined,
      hsts,
    });
    return error;
  };

  return {
    respond,
    respondUnmatched(req, res, thrown) {
      respond(req, res, thrown, true);
      discardRest(req, config.limits.bodyTimeout);
      metrics.countResponse('none', req.method, res.headersSent ? res.statusCode : 0);
    },
    respondOnSocket(req, socket, thrown) {
      const { error, requestId } = record(req, thrown);
      const arrival = arrive(req);
      endRefusedUpgrade(arrival, error.status);
      arrival.access?.respondedWith(error.status, error.code);
      renderErrorOnSocket(socket, error, requestId);
      return error;
    },
  };
}
