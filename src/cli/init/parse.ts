/** What the answers of `bff-gateway init` must be; each parser throws an Error that says what is expected. */
import { statSync } from 'node:fs';
import type { ProviderPreset } from './providers.ts';

/** The part `frontend` of a configuration. */
export type Frontend = Readonly<Record<string, string>>;

/** Any text. */
export function required(text: string): string {
  if (text === '') throw new Error('an answer is required');
  return text;
}

/** One of several words. */
export function oneOf<T extends string>(values: readonly T[]): (text: string) => T {
  return (text) => {
    const found = values.find((value) => value === text.toLowerCase());
    if (found === undefined) throw new Error(`expected ${values.join(', ')}`);
    return found;
  };
}

/** The origin of an address. */
export function parseOrigin(text: string): string {
  const url = URL.parse(text);
  if (!url || !/^https?:$/.test(url.protocol) || url.pathname !== '/' || url.search !== '')
    throw new Error('expected an address without a path, such as https://app.example.com');
  return url.origin;
}

/** An issuer, or a shorter entry that the preset completes. */
export function parseIssuer(preset: ProviderPreset, text: string): string {
  const issuer = preset.issuerOf?.(text) ?? text;
  if (!/^https?:$/.test(URL.parse(issuer)?.protocol ?? '')) throw new Error(`expected ${preset.issuerHint}`);
  return issuer;
}

/** A development server, the address of a published index.html, or a folder. */
export function parseFrontend(text: string): Frontend | undefined {
  if (text === '' || text === 'none') return undefined;
  const url = /^https?:\/\//.test(text) ? URL.parse(text) : null;
  if (!url) return { directory: text };
  return url.pathname === '/' ? { devServer: url.origin } : { url: url.href };
}

/** The name of a variable. */
export function parseVariable(name: string): { env: string } {
  if (!/^[A-Za-z_]\w*$/.test(name)) throw new Error('expected the name of a variable');
  return { env: name };
}

/** A file that exists. */
export function parseSecretFile(file: string): { file: string } {
  if (!statSync(file, { throwIfNoEntry: false })?.isFile()) throw new Error('there is no such file');
  return { file };
}
