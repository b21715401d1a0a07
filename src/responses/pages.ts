/** Pages of the gateway: templates from `views/`, rendered with escaped data, and the policy that each page is served with. */
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
  /** Target of the link that starts a sign-in; left out when signing in would not help. */
  loginUrl?: string;
  /** Label of this link. */
  action?: string;
}

/** A session as its user sees it. */
export interface ListedSession {
  id: string;
  /** Whether it is the session of the request. */
  current: boolean;
  /** ISO 8601. */
  createdAt: string;
  expiresAt: string;
  device?: string;
  address?: string;
}

/** The data of each page. */
export interface PageData {
  error: Failure;
  /** For every 503. */
  unavailable: Failure;
  /** Several providers, each with a link to its sign-in. */
  'choose-provider': { choices: readonly { name: string; url: string }[] };
  'signed-out': {
    loginUrl: string;
    /** Signed out here, while the provider could not be reached. */
    providerUnreachable?: boolean;
  };
  'confirm-logout': {
    /** Address that the form is posted to. */
    action: string;
    /** Value that proves that the form is ours. */
    token: string;
    /** Origins that the response to the form may redirect to. */
    formTargets?: readonly string[];
  };
  sessions: {
    sessions: readonly ListedSession[];
    /** Address that the forms are posted to, without the id. */
    action: string;
    /** Value that proves that the forms are ours. */
    token: string;
  };
  /** The end of a sign-in in a popup: notifies the page that opened it, and closes. */
  'signed-in': Record<never, never>;
  /** What a frame of another site shows: the only page that may be framed. */
  framed: Record<never, never>;
  /** Reloads to another endpoint of the gateway, so that the request comes from our own origin. `to` never comes from a request. */
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
  /** Target of "Go to the application". */
  homeUrl?: string;
}

/** `src/` and `dist/` both lie beside `views/`. */
const VIEWS_DIR = join(import.meta.dirname, '../../views');

// An origin cannot hold characters that would end the directive or the policy (RFC 6454 section 6.2).
const ORIGIN = /^https?:\/\/[A-Za-z0-9.:[\]-]+$/;

/** Reads the templates once; throws when one is missing or does not compile. */
export function createPages({ viewsDir = VIEWS_DIR, homeUrl = '/' }: PagesOptions = {}): Pages {
  const eta = new Eta({ views: viewsDir, autoEscape: true, cache: true });
  const style = readFileSync(join(viewsDir, 'style.css'), 'utf8').trim();
  const scripts: Partial<Record<PageName, string>> = {
    'signed-in': readFileSync(join(viewsDir, 'signed-in.js'), 'utf8').trim(),
    sessions: readFileSync(join(viewsDir, 'sessions.js'), 'utf8').trim(),
  };
  const policy = createPolicy(style);

  function render<Name extends PageName>(name: Name, data: PageData[Name]): RenderedPage {
    const script = scripts[name];
    const html = eta.render(`./${name}`, { ...data, homeUrl, style, script });
    const formTargets = 'formTargets' in data ? data.formTargets : undefined;
    const contentSecurityPolicy = policy(formTargets, script === undefined ? [] : [script]);
    if (name !== 'framed') return { html, contentSecurityPolicy };
    return {
      html,
      contentSecurityPolicy: contentSecurityPolicy.replace("frame-ancestors 'none'", 'frame-ancestors *'),
    };
  }

  renderEach(render);
  return { render };
}

/**
 * Allows our style sheet, and on two pages our script, each by its hash (CSP Level 3 section 2.3.1), and nothing else. Chromium
 * applies `form-action` to the redirects after a form as well, so a page with a form lists their origins.
 */
function createPolicy(style: string): (formTargets?: readonly string[], scripts?: readonly string[]) => string {
  const hashOf = (text: string) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
  const styleHash = hashOf(style);
  return function policy(formTargets = [], scripts = []) {
    const scriptSource = scripts.length === 0 ? '' : ` script-src ${scripts.map(hashOf).join(' ')};`;
    const targets = ["'self'", ...formTargets.filter((target) => ORIGIN.test(target))].join(' ');
    return `default-src 'none'; style-src ${styleHash};${scriptSource} form-action ${targets}; frame-ancestors 'none'; base-uri 'none'`;
  };
}

/** Compiles every template before the first request: rendering an error page must not fail. */
function renderEach(render: Pages['render']): void {
  const failure: Failure = { title: '', message: '', requestId: '' };
  render('error', failure);
  render('unavailable', failure);
  render('choose-provider', { choices: [] });
  render('signed-out', { loginUrl: '' });
  render('confirm-logout', { action: '', token: '' });
  render('hop', { to: '/' });
  render('signed-in', {});
  render('framed', {});
  render('sessions', { sessions: [], action: '', token: '' });
}
