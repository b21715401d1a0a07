/** The operator page of the private listener: finds who asks, and what the page shows or does. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { GatewayError } from '../../base/errors.ts';
import type { Logger } from '../../observe/log.ts';
import type { OperatorPage } from '../admin.ts';
import type { PartHealth } from '../health.ts';
import { createRevocationJobs, type RevocationJobs } from '../revocation-jobs.ts';
import { type Explained, explainForm } from './explained.ts';
import { isOwnForm, readForm } from './forms.ts';
import { createSendPage, redirect } from './render.ts';
import { createSignIns, type SignIn, type SignIns } from './sign-ins.ts';
import { healthRows, type OperatedGateway, signedInView, type ViewSources } from './view.ts';

export interface OperatorPageParts extends Omit<ViewSources, 'gateway'> {
  readonly gateway: () => OperatedGateway;
  readonly log: Logger;
  /** Milliseconds since the epoch. */
  readonly clock?: () => number;
}

/** The page; its address ends with a slash, so that its cookie belongs to it alone. */
const PATH = '/operator/';
/** A job that ends few sessions is done when the page is shown. */
const JOB_WAIT_MS = 2_000;

/** One request to the page. */
interface Visit {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  readonly query: URLSearchParams;
  readonly gateway: OperatedGateway;
  checkParts(): Promise<PartHealth[]>;
}

interface Tools {
  readonly parts: OperatorPageParts;
  readonly signIns: SignIns;
  readonly jobs: RevocationJobs;
  readonly send: ReturnType<typeof createSendPage>;
}

/** The selected app. Throws GatewayError on an id that is not configured. */
function selectedApp({ gateway, query }: Visit): string | undefined {
  const id = query.get('app') || undefined;
  if (id !== undefined && !gateway.apps.some(({ config }) => config.app.id === id))
    throw new GatewayError('bad_request', { hint: 'There is no app with this id.' });
  return id;
}

/** The query with only these parameters, those that are set. */
function queryOf(parameters: Readonly<Record<string, string | undefined>>): URLSearchParams {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) if (value) query.set(name, value);
  return query;
}

/** Shows the health and the form to sign in, with what went wrong at the last attempt. */
async function showSignIn({ send }: Tools, visit: Visit, fault?: GatewayError): Promise<void> {
  const { gateway, res } = visit;
  const health = healthRows(await visit.checkParts(), undefined);
  if (fault?.retryAfter !== undefined) res.setHeader('Retry-After', String(fault.retryAfter));
  const wrong = fault?.code === 'too_many_requests' ? 'Too many attempts. Wait a minute, then try again.' : fault?.hint;
  const hasSecret = gateway.adminSessions.secretDigest !== undefined;
  send(res, fault?.status ?? 200, 'operator-sign-in', { health, hasSecret, fault: wrong });
}

/** The sessions of the user; undefined if the store does not respond, which the page must show rather than fail. */
async function sessionsOf({ gateway }: Visit, user: string | undefined, app: string | undefined) {
  if (user === undefined) return [];
  try {
    return await gateway.adminSessions.ofUser(user, queryOf({ app }));
  } catch (error) {
    if (error instanceof GatewayError && error.code === 'store_unavailable') return undefined;
    throw error;
  }
}

/** Shows everything, with the outcome of a form: what it explains, or that it is not one of this sign-in. */
async function showAll(
  tools: Tools,
  visit: Visit,
  signIn: SignIn,
  { explained, isStale = false }: { explained?: Explained; isStale?: boolean } = {},
): Promise<void> {
  const { gateway, query } = visit;
  const app = selectedApp(visit);
  const user = query.get('user')?.trim() || undefined;
  const sessions = await sessionsOf(visit, user, app);
  const job = tools.jobs.get(query.get('job') ?? '')?.report();
  const health = healthRows(await visit.checkParts(), app);
  const view = signedInView({ ...tools.parts, gateway }, { app, user, sessions, job, explained }, signIn);
  const refused = isStale ? 403 : explained?.fault === undefined ? undefined : 400;
  tools.send(visit.res, refused ?? (sessions === undefined ? 503 : 200), 'operator', { ...view, health, isStale });
}

/** Ends one session, or all of a user, of the selected app or of all; then shows what is left. */
async function endSessions({ jobs }: Tools, visit: Visit, form: URLSearchParams): Promise<void> {
  const app = selectedApp(visit);
  const user = visit.query.get('user') ?? undefined;
  const id = form.get('id') ?? undefined;
  // Only what the form names is ended: a form that names nothing selects nothing, which is refused.
  const wanted = id === undefined ? queryOf({ app, user: form.get('user') ?? undefined }) : queryOf({ id });
  const job = visit.gateway.adminSessions.revoke(wanted, jobs);
  // The job reports its failure itself.
  await job.wait(JOB_WAIT_MS).catch(() => undefined);
  redirect(visit.res, `./?${queryOf({ app, user, job: job.report().job })}#sessions`);
}

async function explain(tools: Tools, visit: Visit, form: URLSearchParams, signIn: SignIn): Promise<void> {
  const app = selectedApp(visit);
  const [first, ...further] = visit.gateway.apps.map(({ config }) => config);
  if (first === undefined) return;
  const selected = further.find((config) => config.app.id === app) ?? first;
  await showAll(tools, visit, signIn, { explained: explainForm([first, ...further], selected, form) });
}

/** Signs the browser in, or shows the form again. */
async function signInWith(tools: Tools, visit: Visit, form: URLSearchParams, secretDigest: string): Promise<void> {
  const { req, res, gateway } = visit;
  try {
    const cookie = await tools.signIns.signIn(req, form.get('secret') ?? '', secretDigest);
    redirect(res, './', cookie);
  } catch (error) {
    if (!(error instanceof GatewayError)) throw error;
    gateway.adminSessions.recordDenied(req, error.code);
    const hint = 'The secret is wrong.';
    await showSignIn(tools, visit, error.code === 'unauthenticated' ? new GatewayError(error.code, { hint }) : error);
  }
}

/** Does what a form asks for. */
async function act(tools: Tools, visit: Visit, secretDigest: string): Promise<void> {
  const form = await readForm(visit.req);
  if (form.get('do') === 'sign-in') return signInWith(tools, visit, form, secretDigest);
  const signIn = tools.signIns.find(visit.req, secretDigest);
  if (!signIn) {
    const hint = 'Your sign-in has expired. Nothing was changed.';
    return showSignIn(tools, visit, new GatewayError('unauthenticated', { hint }));
  }
  // Such as a form in another tab that an earlier sign-in was shown.
  if (!isOwnForm(form, signIn)) return showAll(tools, visit, signIn, { isStale: true });
  switch (form.get('do')) {
    case 'sign-out':
      return redirect(visit.res, './', tools.signIns.signOut(visit.req));
    case 'end':
      return endSessions(tools, visit, form);
    case 'explain':
      return explain(tools, visit, form, signIn);
    default:
      throw new GatewayError('bad_request', { hint: 'The form names no action.' });
  }
}

async function respond(tools: Tools, visit: Visit): Promise<void> {
  const { secretDigest } = visit.gateway.adminSessions;
  const { method } = visit.req;
  if (method !== 'GET' && method !== 'HEAD' && method !== 'POST')
    throw new GatewayError('bad_request', { status: 405, headers: { Allow: 'GET, HEAD, POST' } });
  // Without a secret there is no sign-in, on loopback neither: every program and user of the machine reaches it.
  if (secretDigest === undefined) return showSignIn(tools, visit);
  if (method === 'POST') return act(tools, visit, secretDigest);
  const signIn = tools.signIns.find(visit.req, secretDigest);
  return signIn ? showAll(tools, visit, signIn) : showSignIn(tools, visit);
}

/** Creates the page. */
export function createOperatorPage(parts: OperatorPageParts): OperatorPage {
  const tools: Tools = {
    parts,
    signIns: createSignIns(parts.clock),
    jobs: createRevocationJobs(parts.log),
    send: createSendPage(),
  };
  return async function operatorPage(req, res, checkParts) {
    const url = URL.parse(req.url ?? '', 'http://admin.invalid');
    if (`${url?.pathname}/` === PATH) redirect(res, PATH.slice(1));
    else if (url?.pathname === PATH)
      await respond(tools, { req, res, query: url.searchParams, gateway: parts.gateway(), checkParts });
    else return false;
    return true;
  };
}
