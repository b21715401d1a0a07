/** Builds an example into a folder that a gateway serves as `frontend.directory`: `node deploy/examples/build.ts react ./dist`. */
import { cpSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, type Plugin } from 'esbuild';
import { compileScript, parse } from 'vue/compiler-sfc';

const EXAMPLES = import.meta.dirname;
/** In your own app these are the installed packages. */
const ROOT = join(EXAMPLES, '../..');
const CLIENT = join(ROOT, 'src/client/client.ts');
const PACKAGES = {
  'bff-gateway/client': CLIENT,
  'bff-gateway-client/react': join(ROOT, 'packages/client/src/react.ts'),
  'bff-gateway-client/vue': join(ROOT, 'packages/client/src/vue.ts'),
  'bff-gateway-client': CLIENT,
};
const ENTRIES: Record<string, string | undefined> = {
  plain: undefined,
  react: 'app.jsx',
  vue: 'app.js',
  angular: 'app.ts',
};

/** Compiles single-file components, because the Content-Security-Policy forbids compiling templates in the browser. */
const vue: Plugin = {
  name: 'vue',
  setup({ onLoad }) {
    onLoad({ filter: /\.vue$/ }, ({ path }) => {
      const { descriptor } = parse(readFileSync(path, 'utf8'), { filename: path });
      const { content } = compileScript(descriptor, { id: 'app', inlineTemplate: true });
      return { contents: content, loader: 'js' };
    });
  },
};

/** `frontend.contentSecurityPolicy` for the Angular example, which compiles its templates in the browser; not needed with `ng build`. */
export const ANGULAR_POLICY =
  "default-src 'self'; script-src 'self' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; img-src 'self' data:";

/** The names of the examples. */
export const examples = Object.keys(ENTRIES);

/** Writes the example into `folder`. */
export async function buildExample(name: string, folder: string): Promise<void> {
  const source = join(EXAMPLES, name);
  mkdirSync(folder, { recursive: true });
  cpSync(join(EXAMPLES, 'plain/style.css'), join(folder, 'style.css'));
  cpSync(join(source, 'index.html'), join(folder, 'index.html'));
  const entry = ENTRIES[name];
  if (entry === undefined) {
    cpSync(join(source, 'app.js'), join(folder, 'app.js'));
    return;
  }
  await build({
    entryPoints: [join(source, entry)],
    outfile: join(folder, 'app.js'),
    bundle: true,
    format: 'esm',
    minify: true,
    jsx: 'automatic',
    tsconfigRaw: { compilerOptions: { experimentalDecorators: true, useDefineForClassFields: false } },
    alias: PACKAGES,
    define: {
      'process.env.NODE_ENV': '"production"',
      __VUE_OPTIONS_API__: 'false',
      __VUE_PROD_DEVTOOLS__: 'false',
      __VUE_PROD_HYDRATION_MISMATCH_DETAILS__: 'false',
    },
    plugins: [vue],
    logLevel: 'warning',
  });
}

const [name, folder] = process.argv.slice(2);
if (process.argv[1] === fileURLToPath(import.meta.url)) {
  if (name === undefined || folder === undefined || !examples.includes(name))
    throw new Error(`usage: node deploy/examples/build.ts ${examples.join('|')} FOLDER`);
  await buildExample(name, folder);
}
