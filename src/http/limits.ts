/** How much, and how long, a connection to an upstream puts up with. */

export interface ConnectionLimits {
  /** Bytes of a response head. */
  readonly maxHead: number;
  /** Milliseconds until the head of a response; 0 is no limit. */
  readonly headTimeout: number;
  /** Milliseconds between two parts of a body; 0 is no limit. */
  readonly bodyTimeout: number;
}
