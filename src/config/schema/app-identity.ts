/** What tells an app from the others of a process: its name, its path and the prefix of its names in the store. */

export interface AppIdentity {
  /** Name in the file, in logs, metrics and commands; `main` for the app at the top of the file. It may be changed freely. */
  readonly id: string;
  /** The path below which the app lies if it shares its origin with others; otherwise empty. */
  readonly path: string;
  /**
   * Prefix of the session keys and of all other names in the store: empty for `main`, else 10 characters that follow from origin
   * and path. Sessions survive a new `id`, but neither a new origin nor a new path.
   */
  readonly tag: string;
  /**
   * Names of the session cookies of the other apps of the host, on any of its ports, which no upstream may see or set; missing if there
   * is none.
   */
  readonly siblingCookies?: readonly string[];
  /** Paths of the other apps of the origin that have one: everything below them is theirs; missing if there is none. */
  readonly siblingPaths?: readonly string[];
}

/** The app that is written at the top of a file. */
export const MAIN_APP: AppIdentity = Object.freeze({ id: 'main', path: '', tag: '' });
