/** OAuth error codes of other parties, in a form that may be logged. */

/** All registered codes have this form; codes, tokens and session ids practically always contain a digit. */
const CODE = /^[a-z][a-z_]{0,63}$/i;

/** Returns the code, or `unrecognized_error` for text that may be anything, such as a token or a sentence about a user. */
export function loggableOauthCode(error: string): string {
  return CODE.test(error) ? error : 'unrecognized_error';
}
