/** English texts of the pages, and the keys that every language has. Values in braces are filled in by the page. */

/** Each situation of an error has a title and a message (`situations.ts`). */
export const en = {
  'action.home': 'Go to the application',
  'action.home-named': 'Go to {name}',
  'action.sign-in': 'Sign in',
  'action.sign-in-again': 'Sign in again',
  'action.sign-in-there': 'Sign in there',
  'action.other-account': 'Use another account',
  'action.try-again': 'Try again',
  'action.continue': 'Continue',
  reference: 'If this keeps happening, give support this reference: {reference}',
  details: 'Details for support',

  'choose.title': 'Sign in',
  'choose.title-named': 'Sign in to {name}',
  'choose.message': 'Choose where you have an account.',

  'signed-in.title': 'You are signed in',
  'signed-in.message': 'Return to the page that you came from. You can close this window.',

  'signed-out.title': 'Signed out',
  'signed-out.message': 'You are signed out of this application. It is safe to close this page.',
  'signed-out-here.title': 'Signed out here',
  'signed-out-here.message':
    'You are signed out of this application. The sign-in service could not be reached, so you may still be signed in there.',
  'signed-out-here.advice': 'On a shared computer, close the browser or sign out at the sign-in service as well.',

  'confirm-logout.title': 'Sign out?',
  'confirm-logout.message':
    'You will be signed out of this application and, where possible, of the service that you sign in with.',
  'confirm-logout.confirm': 'Sign out',
  'confirm-logout.cancel': 'Stay signed in',

  'sessions.title': 'Where you are signed in',
  'sessions.message': 'If you do not recognize an entry, end it. That browser is signed out at once.',
  'sessions.unknown': 'Unknown browser',
  'sessions.current': 'This browser',
  'sessions.since': 'Signed in {time}',
  'sessions.since-from': 'Signed in {time}, from {address}',
  'sessions.end': 'End',
  'sessions.end-label': 'End session {number}: {device}',
  'sessions.end-others': 'End all others',
  'sessions.ended-one': 'The session was ended.',
  'sessions.ended-many': '{count} sessions were ended.',

  'framed.title': 'Open this page in a window of its own',
  'framed.message':
    'Another site shows this application in a frame. For your protection it does not run there: the other site could trick you into clicking something.',
  'framed.open': 'Open the application',

  'hop.title': 'One moment',
  temporary: 'This is usually temporary. If you were signed in, you still are.',

  'error.sign-in-needed.title': 'Please sign in',
  'error.sign-in-needed.message': 'Sign in, then open this in the application again.',
  'error.confirm-identity.title': 'Please sign in again',
  'error.confirm-identity.message': 'To protect your account, this needs a more recent or stronger sign-in.',
  'error.nothing-saved.title': 'Nothing was saved',
  'error.nothing-saved.message':
    'Your session has ended, or a more recent sign-in is needed. Sign in to return to the page, then send the form again.',
  'error.sign-in-expired.title': 'Sign-in expired',
  'error.sign-in-expired.message':
    'The sign-in took too long, was already completed, or began in another browser. Please start again.',
  'error.sign-in-failed.title': 'Sign-in failed',
  'error.sign-in-failed.message': 'Something went wrong while you were signing in. Please try again.',
  'error.sign-in-refused.title': 'You were not signed in',
  'error.sign-in-refused.message': 'The sign-in was cancelled, or your account may not be used here.',
  'error.cookies-refused.title': 'Your browser did not keep you signed in',
  'error.cookies-refused.message':
    'You signed in, but your browser may block cookies for this site. Allow cookies, then sign in again.',
  'error.unknown-sign-in.title': 'Choose how to sign in',
  'error.unknown-sign-in.message': 'The link that you followed names a way to sign in that is not available.',
  'error.other-sign-in.title': 'Access denied',
  'error.other-sign-in.message': 'This page is for people who sign in elsewhere.',
  'error.not-admitted.title': 'This account has no access',
  'error.not-admitted.message':
    'You signed in, but this account may not use the application. Use another account, or ask the people who manage the application.',
  'error.no-access.title': 'Access denied',
  'error.no-access.message':
    'Your account may not open this page. If you need access, ask the people who manage the application.',
  'error.account-changed.title': 'You have signed in again',
  'error.account-changed.message':
    'A newer sign-in has replaced the one that this page was using. Open the application to continue.',
  'error.unconfirmed.title': 'Continue to this page?',
  'error.unconfirmed.message': 'A link on another site leads to this page. Continue only if you meant to open it.',
  'error.app-only.title': 'Open this in the application',
  'error.app-only.message':
    'This address is for the application and cannot be opened directly, from a bookmark or from another site.',
  'error.form-refused.title': 'This could not be sent',
  'error.form-refused.message':
    'It came from another site, so it was stopped to protect you. Open the application, then try again there.',
  'error.bad-link.title': 'This link does not work',
  'error.bad-link.message': 'The address is incomplete or wrong. Open the application and look for the page there.',
  'error.not-found.title': 'Page not found',
  'error.not-found.message': 'There is no page at this address. It may have moved, or the link may be incomplete.',
  'error.too-large.title': 'This is too large',
  'error.too-large.message': 'What you sent is larger than the application accepts. Send less, or a smaller file.',
  'error.too-slow.title': 'This took too long',
  'error.too-slow.message': 'Your data did not arrive in time. Check your connection, go back and send it again.',
  'error.clear-cookies.title': 'Your browser sent too much data',
  'error.clear-cookies.message': 'Delete the cookies of this site in the settings of your browser, then try again.',
  'error.wait.title': 'Too many attempts',
  'error.wait.message': 'There were too many requests from your network. Wait a minute, then try again.',
  'error.insecure.title': 'The connection is not secure',
  'error.insecure.message': 'Signing in would not be safe here. Please tell the people who manage the application.',
  'error.internal.title': 'Something went wrong',
  'error.internal.message': 'The problem is on our side, not yours. Please try again in a moment.',
  'error.not-loaded.title': 'This page could not be loaded',
  'error.not-loaded.message': 'A part of the application does not respond. Please try again in a moment.',
  'error.sign-in-unavailable.title': 'Signing in is not possible right now',
  'error.sign-in-unavailable.message': 'The sign-in service does not respond. Please try again in a moment.',
  'error.maintenance.title': 'Under maintenance',
  'error.maintenance.message': 'The application is being worked on right now. Please try again later.',
  'error.unavailable.title': 'Application unavailable',
  'error.unavailable.message': 'The application does not respond right now. Please try again in a moment.',
} as const;

/** Name of a text. */
export type MessageKey = keyof typeof en;

/** The texts of one language: one that is missing does not compile. */
export type Messages = Readonly<Record<MessageKey, string>>;
