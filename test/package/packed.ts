/** The npm packages as users install them: packed from a copy of the tree, unpacked with their declared dependencies only. */
import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readFile, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const ROOT = join(import.meta.dirname, '../..');
/** Paths that are not sources, or that packing does not read. */
const EXCLUDED = /^((.*\/)?(node_modules|dist)|\.git|\.cache|test-results|e2e\/tmp|.*\.tgz)$/;

export interface Packed {
  /** Paths of all files in the package. */
  files: string[];
  /** A folder whose `node_modules` contains the package, its dependencies, and those of a host app. */
  app: string;
  remove(): Promise<void>;
}

/** Dependencies of the host app: Express, and the types for TypeScript. */
const HOST_DEPENDENCIES = ['express', '@types/express', '@types/node'];
/** Dependencies of a front end: its framework and its bundler. */
const CLIENT_HOST_DEPENDENCIES = ['react', 'react-dom', '@types/react', '@types/react-dom', 'vue', 'vite'];

/** The packages of this repository, and what the app that installs one brings itself. */
const PACKAGES = {
  'bff-gateway': { args: [], host: HOST_DEPENDENCIES },
  'bff-gateway-client': { args: ['--workspace', 'packages/client'], host: CLIENT_HOST_DEPENDENCIES },
} as const;

async function install(app: string, tarball: string, name: keyof typeof PACKAGES): Promise<void> {
  const modules = join(app, 'node_modules');
  const own = join(modules, name);
  await mkdir(own, { recursive: true });
  await run('tar', ['-xzf', tarball, '-C', own, '--strip-components=1']);
  const { dependencies = {} } = JSON.parse(await readFile(join(own, 'package.json'), 'utf8')) as {
    dependencies?: Record<string, string>;
  };
  for (const each of new Set([...Object.keys(dependencies), ...PACKAGES[name].host])) {
    await mkdir(dirname(join(modules, each)), { recursive: true });
    await symlink(join(ROOT, 'node_modules', each), join(modules, each));
  }
}

/** Runs `npm pack`, which builds first. Uses no network. */
export async function pack(name: keyof typeof PACKAGES = 'bff-gateway'): Promise<Packed> {
  const folder = await mkdtemp(join(tmpdir(), 'bff-package-'));
  const tree = join(folder, 'tree');
  await cp(ROOT, tree, {
    recursive: true,
    filter: (source) => source === ROOT || !EXCLUDED.test(source.slice(ROOT.length + 1)),
  });
  await symlink(join(ROOT, 'node_modules'), join(tree, 'node_modules'));
  const args = ['pack', ...PACKAGES[name].args, '--json', '--silent', '--pack-destination', folder];
  const { stdout } = await run('npm', args, { cwd: tree });
  // npm 11 prints a list, later versions an object by name.
  const [entry] = Object.values(JSON.parse(stdout.slice(stdout.search(/^[[{]/m)))) as {
    filename: string;
    files: { path: string }[];
  }[];
  if (!entry) throw new Error(`npm pack printed: ${stdout}`);
  const app = join(folder, 'app');
  await install(app, join(folder, entry.filename), name);
  return {
    files: entry.files.map(({ path }) => path).sort(),
    app,
    remove: () => rm(folder, { recursive: true }),
  };
}
