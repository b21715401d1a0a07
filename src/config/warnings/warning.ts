/** Types of warnings: a valid configuration whose options are unsafe or without effect, often only in combination. */
import type { Config } from '../schema/schema.ts';

/** What a check reads: the configuration, and the files that it was read from. */
export interface WarningFacts {
  readonly config: Config;
  /** Paths of the files with secrets. */
  readonly secretFiles: readonly string[];
  /** Options that are written as text in a file, although they hold a secret. */
  readonly writtenSecrets?: readonly string[];
  /** Relative paths that were found in the working directory, and not in the folder of the configuration. */
  readonly movedPaths?: readonly { readonly option: string; readonly path: string; readonly expected: string }[];
}

/** One combination of options that causes a warning. */
export interface Combination {
  /** Stable name, for log lines and the documentation. */
  readonly id: string;
  /** The combination, for the documentation. */
  readonly when: string;
  /** What to do about it. */
  readonly hint: string;
  /** True if it concerns listeners, which a gateway that is mounted in an application does not have. */
  readonly listener?: true;
  /** True if it concerns what all apps share, so that one search finds it for all of them. */
  readonly shared?: true;
  /** One sentence for each occurrence. */
  find(facts: WarningFacts): readonly string[];
}

export interface Warning {
  /** The id of the combination. */
  readonly id: string;
  readonly message: string;
  readonly hint: string;
}
