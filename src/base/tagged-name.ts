/** Tagged names: what belongs to an app other than `main` has the tag of the app before a tilde, such as `tag~name`. */

/** Stands in no tag (base64url), no digest, and no name of the app `main`. */
const SEPARATOR = '~';

/** Returns the name in an app; for `main`, whose tag is empty, the name itself. */
export const taggedName = (tag: string, name: string): string => (tag === '' ? name : tag + SEPARATOR + name);

/** Returns the tag of the app that a name belongs to; empty for `main`. */
export const tagOf = (name: string): string => name.slice(0, Math.max(0, name.indexOf(SEPARATOR)));

/** Returns the name without its tag. */
export const untagged = (name: string): string => name.slice(name.indexOf(SEPARATOR) + 1);

/** Returns the part of a session key that logs contain: enough to find a session, and no use as a key. */
export const shortKey = (key: string): string => untagged(key).slice(0, 12);
