/** A fault of the configuration before its place in the file is known. */

/** Names and positions from the root of the configuration to one option. */
export type Path = readonly (string | number)[];

export interface Finding {
  path: Path;
  message: string;
  hint?: string | undefined;
}
