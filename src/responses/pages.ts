/** The gateway's own pages: templates of `views/` with data as text, and the policy that each page is served with. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Eta } from 'eta';

interface Failure {
  title: string;
  /** One plain sentence. */
  message: string;
  /** Correlation id. */
  requestId: string;
  /** Where "Try again" leads; left out when signing in again would not help. */
  loginUrl?: string;
}

/** A session as its user sees it. */
export interface ListedSession {
  id: string;
  /** The one that asks. */
  current: boolean;
  /** ISO 8601. */
  createdAt: string;
  expiresAt: string;
  device?: string;
  address?: string;
}

/** What each page is made of. */
export interface PageData {
  error: Failure;
  /** For every 503. */
  unavailable: Failure;
  'signed-out': {
    loginUrl: string;
    /** Signed out here, while the provider could not be told. */
    providerUnreachable?: boolean;
  };
  'confirm-logout': {
    /** Where the form is posted to. */
    action: string;
    /** The value that makes it genuine. */
    token: string;
    /** Origins that the answer to the form may redirect to. */
    formTargets?: readonly string[];
  };
  sessions: {
    sessions: readonly ListedSession[];
    /** Where the forms are posted to, without the id. */
    action: string;
    /** The value that makes them genuine. */
    token: string;
  };
  /** The end of a sign-in in a window of its own: tells the page that waits for it, and closes. */
  'signed-in': Record<never, never>;
  /** Goes on by itself to another endpoint of the gateway, whose request then comes from our own origin; never to an address out of a request. */
  hop: { to: string };
}

export type PageName = keyof PageData;

export interface RenderedPage {
  html: string;
  contentSecurityPolicy: string;
}

export interface Pages {
  render<Name extends PageName>(name: Name, data: PageData[Name]): RenderedPage;
}

export interface PagesOptions {
  /** Folder of the templates. */
  viewsDir?: string;
  /** Where "Go to the application" leads. */
  homeUrl?: string;
}

/** `src/` and `dist/` both lie beside `views/`. */
const VIEWS = join(import.meta.dirname, '../../views');

// Characters that could end the directive or the policy are no part of an origin (RFC 6454 section 6.2).
const ORIGIN = /^https?:\/\/[A-Za-z0-9.:[\]-]+$/;

/** Reads the templates once; throws when one is missing or does not compile. */
export function createPages({ viewsDir = VIEWS, homeUrl = '/' }: PagesOptions = {}): Pages {
  const eta = new Eta({ views: viewsDir, autoEscape: true, cache: true });
  const style = readFileSync(join(viewsDir, 'style.css'), 'utf8').trim();
  const script = readFileSync(join(viewsDir, 'signed-in.js'), 'utf8').trim();
  const policy = policyFor(style);

  function render<Name extends PageName>(name: Name, data: PageData[Name]): RenderedPage {
    const html = eta.render(`./${name}`, { ...data, homeUrl, style, script });
    const formTargets = 'formTargets' in data ? data.formTargets : undefined;
    const scripts = name === 'signed-in' ? [script] : [];
    return { html, contentSecurityPolicy: policy(formTargets, scripts) };
  }

  renderEach(render);
  return { render };
}

/**
 * Nothing but our one style sheet, and on one page our one script, both known by their hash (CSP Level 3 section 2.3.1). Chromium applies `form-action` to
 * the redirects that answer a form as well, so a page with a form names where these may lead.
 */
function policyFor(style: string): (formTargets?: readonly string[], scripts?: readonly string[]) => string {
  const hashOf = (text: string) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
  const styleHash = hashOf(style);
  return function policy(formTargets = [], scripts = []) {
    const scriptSource = scripts.length === 0 ? '' : ` script-src ${scripts.map(hashOf).join(' ')};`;
    const targets = ["'self'", ...formTargets.filter((target) => ORIGIN.test(target))].join(' ');
    return `default-src 'none'; style-src ${styleHash};${scriptSource} form-action ${targets}; frame-ancestors 'none'; base-uri 'none'`;
  };
}

/** Every template is compiled before the first request needs it: an error page must not be the one to fail. */
function renderEach(render: Pages['render']): void {
  const failure: Failure = { title: '', message: '', requestId: '' };
  render('error', failure);
  render('unavailable', failure);
  render('signed-out', { loginUrl: '' });
  render('confirm-logout', { action: '', token: '' });
  render('hop', { to: '/' });
  render('signed-in', {});
  render('sessions', { sessions: [], action: '', token: '' });
}
