/** The data of each page, and samples to render a template before its first use. */
import type { Situation } from './error-page.ts';
import type { MessageKey } from './messages/catalogs.ts';

interface Failure {
  situation: Situation;
  /** Correlation id. */
  requestId: string;
  /** The first thing to do; left out where only the application can help. */
  action?: { label: MessageKey; url: string };
  /** What a developer has to change, in English; left out where the situation says it all. */
  detail?: string;
  /** Sentence of the application, in place of the message. */
  sentence?: string;
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

const FAILURE: Failure = { situation: 'internal', requestId: '', action: { label: 'action.try-again', url: '/' } };
const LISTED = { createdAt: '2026-01-01T00:00:00.000Z', expiresAt: '2026-01-01T08:00:00.000Z' };

/** Each page with all of its parts, to render a template before its first use. */
export const SAMPLES: { readonly [Name in PageName]: PageData[Name] } = {
  error: FAILURE,
  unavailable: { ...FAILURE, situation: 'unavailable' },
  'choose-provider': { choices: [{ name: 'A', url: '/' }] },
  'signed-out': { loginUrl: '/', providerUnreachable: true },
  'confirm-logout': { action: '/', token: '' },
  sessions: {
    sessions: [
      { ...LISTED, id: 'a', current: true, device: 'A', address: '192.0.2.0/24' },
      { ...LISTED, id: 'b', current: false },
    ],
    action: '/',
    token: '',
  },
  'signed-in': {},
  framed: {},
  hop: { to: '/' },
};
