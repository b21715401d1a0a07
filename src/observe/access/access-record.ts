/** What the access log says of one request; the steps that handle the request fill it in. */
import { serverOf } from '../../upstream/connect/target-url.ts';

/** What handled a request. */
export type AccessKind = 'route' | 'endpoint' | 'frontend' | 'websocket' | 'forward-auth' | 'none';

/** The part of a request that is known once the edge has accepted it. */
interface AcceptedRequest {
  readonly target: { readonly path: string };
}

/** The targets that a request was sent to in turn. */
interface TriedTargets {
  readonly tried: readonly { readonly url: string }[];
  readonly isOverBudget?: boolean;
}

/** One per request, and none while the access log is off: code that fills it in asks whether there is one. */
export class AccessRecord {
  kind: AccessKind = 'none';
  /** Method that a front proxy asks about. */
  method: string | undefined = undefined;
  /** Set once the edge has accepted the request: host and path are then those of an app. */
  request: AcceptedRequest | undefined = undefined;
  /** Id of the app, if there are several. */
  app: string | undefined = undefined;
  /** Host of the app that the request was sent to, with its port if it has one. */
  host: string | undefined = undefined;
  /** Path pattern of the route or the endpoint. */
  route: string | undefined = undefined;
  /** Index of the rule that applied, among those of the route. */
  rule: number | undefined = undefined;
  /** Whether the rules of a route admitted the request. */
  allowed = false;
  /** Digest of the user. */
  user: string | undefined = undefined;
  /** Thumbprint of the client certificate that a rule or a token required. */
  certificate: string | undefined = undefined;
  /** Key of the session. */
  session: string | undefined = undefined;
  /** Name of the limit that refused the request. */
  limit: string | undefined = undefined;
  /** A limit was decided by this process alone, because the store was unavailable. */
  limitLocal: true | undefined = undefined;
  /** Milliseconds until the upstream responded, over all attempts. */
  upstreamTime: number | undefined = undefined;
  /** Origin of the target that the request was sent to last, if its upstream has several. */
  target: string | undefined = undefined;
  /** How often it was sent again to such an upstream. */
  resends: number | undefined = undefined;
  /** Why it was not sent again although it could have been. */
  retry: 'over_budget' | undefined = undefined;
  /** Code of the error that the request ended with. */
  errorCode: string | undefined = undefined;
  /** Status that was sent on the socket of an upgrade. */
  status: number | undefined = undefined;
  /** Whether the response has no end of its own, so that a client which leaves it breaks nothing off. */
  isStream = false;
  /** Whether another handler than the gateway responds. */
  isPassedOn = false;
  /** When the request arrived, by the clock of `performance`. */
  readonly startedAt = performance.now();

  /** The request matches a route, or is an upgrade or a question of a front proxy that does. */
  atRoute(pattern: string): void {
    if (this.kind === 'none') this.kind = 'route';
    this.route = pattern;
  }

  /** The request is for an endpoint, or for the front end. */
  atEndpoint(name: string): void {
    this.kind = name === 'frontend' ? 'frontend' : 'endpoint';
    if (this.kind === 'endpoint') this.route = name;
  }

  /** The request was sent to these targets of its upstream. */
  triedTargets({ tried, isOverBudget }: TriedTargets): void {
    const last = tried.at(-1);
    this.target = last && serverOf(last.url);
    this.resends = tried.length > 1 ? tried.length - 1 : undefined;
    if (isOverBudget) this.retry = 'over_budget';
  }

  /** A status was sent on the socket of an upgrade. */
  respondedWith(status: number, errorCode?: string): void {
    this.status = status;
    this.errorCode = errorCode;
  }

  /** The edge accepted the request, which was sent to this host. */
  accept(request: AcceptedRequest, host: string | undefined): void {
    this.request = request;
    this.host = host;
  }
}
