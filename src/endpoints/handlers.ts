/** The endpoints by their name in the table (config/schema/endpoint-table.ts); a name that is missing there or here does not compile. */
export { callback } from './callback.ts';
export { client } from './client-module.ts';
export { login } from './login.ts';
export { backchannelLogout } from './logout/backchannel-logout.ts';
export { frontchannelLogout } from './logout/frontchannel-logout.ts';
export { logout } from './logout/logout.ts';
export { logoutContinue } from './logout/logout-continue.ts';
export { signedOut } from './logout/signed-out.ts';
export { pageLogo } from './page-logo.ts';
export { profile } from './profile.ts';
export { protectedResource } from './protected-resource.ts';
export { refreshSession } from './refresh-session.ts';
export { revokeSession } from './revoke-session.ts';
export { session } from './session.ts';
export { sessions } from './sessions.ts';
export { signedIn } from './signed-in.ts';
