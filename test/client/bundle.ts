/** Makes `views/client.js` of `src/client`: one minified module, the same for a gateway that runs from source or compiled. */
import { join } from 'node:path';
import { build } from 'esbuild';

const ROOT = join(import.meta.dirname, '../..');

/** The text of the module. */
export async function bundleClient(): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [join(ROOT, 'src/client/served.ts')],
    bundle: true,
    minify: true,
    write: false,
    format: 'esm',
    target: 'es2022',
    banner: { js: '/* bff-gateway, Apache-2.0 */' },
    logLevel: 'silent',
  });
  return outputFiles[0]?.text ?? '';
}
