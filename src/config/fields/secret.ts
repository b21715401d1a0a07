/** The type of an option that holds a secret; the schema is built with a reader for references to secrets. */
import type { z } from 'zod';

/** Where a secret comes from when it is not written in the configuration file. */
export type SecretRef = { file: string } | { env: string };

/** Creates the schema of one secret: text, or a reference that is replaced by the text it refers to. */
export type SecretField = () => z.ZodType<string, string | SecretRef>;
