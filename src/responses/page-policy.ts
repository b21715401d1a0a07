/** The Content-Security-Policy of the pages of the gateway. */
import { createHash } from 'node:crypto';

/** What a page needs besides its style. */
export interface PolicyNeeds {
  /** Origins that the response to a form may redirect to. */
  readonly formTargets?: readonly string[] | undefined;
  readonly script?: string | undefined;
  /** Whether other sites may show the page in a frame. */
  readonly framed: boolean;
}

// An origin cannot hold characters that would end the directive or the policy (RFC 6454 section 6.2).
const ORIGIN = /^https?:\/\/[A-Za-z0-9.:[\]-]+$/;

const hashOf = (text: string) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;

/**
 * Allows our style sheet, on two pages our script, each by its hash (CSP Level 3 section 2.3.1), the logo if there is one, and
 * nothing else. Chromium applies `form-action` to the redirects after a form as well, so a page with a form lists their origins.
 */
export function createPagePolicy(style: string, hasLogo: boolean): (needs: PolicyNeeds) => string {
  const sources = `default-src 'none'; style-src ${hashOf(style)};${hasLogo ? " img-src 'self';" : ''}`;
  return function policy({ formTargets = [], script, framed }) {
    const scriptSource = script === undefined ? '' : ` script-src ${hashOf(script)};`;
    const targets = ["'self'", ...formTargets.filter((target) => ORIGIN.test(target))].join(' ');
    const ancestors = framed ? '*' : "'none'";
    return `${sources}${scriptSource} form-action ${targets}; frame-ancestors ${ancestors}; base-uri 'none'`;
  };
}
