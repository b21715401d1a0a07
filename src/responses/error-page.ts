/** Text of the page for an error: what the user can do, where the text for programs would not help. */
import type { GatewayError } from '../base/errors.ts';

interface PageText {
  title: string;
  message: string;
  /** Label of the link that starts a sign-in; undefined if signing in would not help. */
  action?: string;
}

/** An address for the application, opened by a user: the gateway did not act on it, since another site may have led there. */
const FOR_THE_APPLICATION: PageText = {
  title: 'Open this in the application',
  message: 'This address is for the application and cannot be opened directly, from a bookmark or from another site.',
};

/** A form that arrived after the end of the session. What it held is lost: only the user may send it again. */
const NOTHING_SAVED: PageText = {
  title: 'Nothing was saved',
  message:
    'Your session has ended, or a more recent sign-in is needed. Sign in to return to the page, then send the form again.',
  action: 'Sign in',
};

/** Returns the text of the page; `navigation` is whether the user opened the address, rather than sent a form. */
export function errorPageText(error: GatewayError, navigation: boolean): PageText {
  const { code, title, hint } = error;
  if (navigation && (code === 'csrf_header_missing' || code === 'csrf_cross_site')) return FOR_THE_APPLICATION;
  if (code === 'navigation_unconfirmed') return { title, message: hint, action: 'Continue' };
  if (!navigation && (code === 'unauthenticated' || code === 'step_up_required')) return NOTHING_SAVED;
  if (code === 'unauthenticated')
    return { title, message: 'Sign in, then open this in the application again.', action: 'Sign in' };
  if (code === 'access_denied' && error.extensions.loginUrl !== undefined)
    return { title, message: 'This page is for users who sign in at another provider.', action: 'Sign in there' };
  return { title, message: hint, action: 'Try again' };
}
