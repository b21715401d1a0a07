/** The files that an app reads when it is built: certificates, which may change while the configuration stays the same. */
import { readFileSync } from 'node:fs';
import { signInProviders } from '../config/schema/providers.ts';
import type { Config } from '../config/schema/schema.ts';
import { tlsOf } from '../config/traffic/upstream-targets.ts';
import { digest } from '../crypto/digest.ts';
import { templateFiles } from '../responses/templates.ts';

/** A digest of each file, in a fixed order; the empty text for one that cannot be read. */
export function readAppFiles(config: Config): string[] {
  const files = [
    ...signInProviders(config).flatMap(({ ca, tls }) => [ca, tls?.certificate, tls?.key]),
    ...config.routes.flatMap(({ upstream, upstreamCa }) => {
      const tls = tlsOf(upstream);
      return [upstreamCa, tls?.ca, tls?.certificate, tls?.key];
    }),
    config.frontend?.ca,
    config.pages.logo,
    ...templateFiles(config.pages.directory),
  ];
  return files.flatMap((file) => (file === undefined ? [] : [digestOf(file)]));
}

function digestOf(file: string): string {
  try {
    return digest(readFileSync(file, 'utf8'));
  } catch {
    return '';
  }
}
