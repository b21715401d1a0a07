/** Request headers that identify the caller by the words of their name, whatever product or application invented them. */

/** Words for who makes a request, after the name of any product: `X-Okta-User`, `Proxy-User`, `X-Kerberos-Principal`. */
const PERSON = 'user|actor|caller|principal|requester|requestor|impersonator|service-?account|super-?(?:user|admin)';
/** Words that mean something else after another one, such as `X-Mail-Subject` or `X-Last-Login`. */
const BARE_PERSON = 'admin|subject|login|logon';

const NAME = '(?:(?:first|last|full|display|given|family|nick|preferred)-?)?name';
const IDENTIFIER = `id|uuid|guid|uid|oid|sub|subject|upn|dn|cn|login|logon|e?mail|principal|${NAME}`;
const RIGHTS = 'groups?|roles?|scopes?|permissions?|privileges?|rights|authorities|entitlements?';
/** What a header says about the caller. Preferences such as `X-User-Locale` and credentials such as `X-App-User-Token` pass. */
const ATTRIBUTE = `${IDENTIFIER}|${RIGHTS}|claims?|info|identity|context|attributes?|admin|authenticated|is-(?:super-)?[a-z0-9]+`;

const PRODUCT = '(?:[a-z0-9]+-)*';
/** Names the sender of groups and scopes; without one they select data, as in `X-Test-Group` and `X-Search-Scopes`. */
const AUTHORITY = 'auth|authn|authz|oauth2?|oidc|saml|sso|idp|ldap|proxy|remote|gateway|token|access|granted|member';
const PRIVILEGED = 'admin|administrator|user|root|staff|internal|authenticated|owner|moderator|employee|system|trusted';
const TLS_PARTY = 'client|peer|tls|ssl|x509|user|subject|issuer';

/**
 * Forms of whole names. None repeats over the rest of a name, so the time is linear in its length. `Sec-Fetch-User` names no
 * user. Front ends send `X-Login-Hint` for a sign-in form; it identifies no caller.
 */
const FORMS: readonly string[] = [
  `(?!sec-)${PRODUCT}(?:${PERSON})(?:-?(?:${ATTRIBUTE}))?`,
  `x-(?:${BARE_PERSON})(?:-?(?:${ATTRIBUTE}))?`,
  `x-forwarded-(?:${ATTRIBUTE})`,
  `${PRODUCT}(?:roles?|permissions|privileges?|authorities|entitlements?)`,
  `${PRODUCT}(?:${AUTHORITY})-(?:groups?|scopes?|claims?)`,
  `${PRODUCT}is-?(?:super-?)?(?:${PRIVILEGED})`,
  `${PRODUCT}(?:${TLS_PARTY})-?(?:s-)?(?:dn|cn)`,
];

const FORM = new RegExp(`^(?:${FORMS.join('|')})$`);
/** Words that only assertions about a caller have: a JWT, a SPIFFE ID, a Kerberos name. */
const ASSERTION = /(?:^|-)(?:jwt|spiffe|svid|kerberos|krb5|gssapi|ntlm)(?:-|$)/;
const CERTIFICATE = /(?:^|-)(?:mtls|(?:client-?)?certs?|(?:client|peer|tls|ssl|x509|user)-?certificate)(?:-|$)/;

/** Whether the words of a canonical name say that the header identifies the caller, or names a right of the caller. */
export function hasIdentityWords(canonical: string): boolean {
  if (FORM.test(canonical) || ASSERTION.test(canonical)) return true;
  // Front proxies of forward authentication set X-Forwarded-Client-Cert themselves; routes drop all X-Forwarded-*.
  return CERTIFICATE.test(canonical) && !canonical.startsWith('x-forwarded-');
}
