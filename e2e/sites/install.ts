/** Installs the sites that nobody here wrote, once in the cache folder: pinned versions from npm and PyPI. */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { cp, mkdir, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { runToEnd } from '../support/processes.ts';
import { cacheFolder } from '../support/run.ts';

/** Installs Node-RED with the versions of its lock file, without any script of a package; returns its folder. */
export const installNodeRed = () =>
  installOnce('node-red', 'package-lock.json', async (folder, log) => {
    for (const file of ['package.json', 'package-lock.json'])
      await cp(join(definition('node-red'), file), join(folder, file));
    await runToEnd('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], log, folder);
  });

/** Installs JupyterLab into a virtual environment; returns its folder. */
export const installJupyterLab = () =>
  installOnce('jupyterlab', 'requirements.txt', async (folder, log) => {
    // Debian's Python creates no environment with pip unless another package is installed; pip itself can fill one.
    await runToEnd('python3', ['-m', 'venv', '--without-pip', folder], log);
    const python = join(folder, 'bin/python');
    const requirements = join(definition('jupyterlab'), 'requirements.txt');
    const quiet = ['--disable-pip-version-check', '--no-compile', '--quiet'];
    await runToEnd('pip3', ['--python', python, 'install', ...quiet, '--requirement', requirements], log);
  });

const definition = (site: string) => join(import.meta.dirname, site);

/** Another list of versions is another folder; a folder without its final name is incomplete. */
async function installOnce(
  site: string,
  versions: string,
  install: (folder: string, log: string) => Promise<void>,
): Promise<string> {
  const digest = createHash('sha256')
    .update(await readFile(join(definition(site), versions)))
    .digest('hex');
  const parent = join(cacheFolder(), 'sites');
  const folder = join(parent, `${site}-${digest.slice(0, 12)}`);
  if (existsSync(folder)) return folder;
  const incoming = join(parent, `incoming-${site}-${process.pid}`);
  await mkdir(incoming, { recursive: true });
  console.log(`e2e: installing ${site} (once)`);
  await install(incoming, join(parent, `${site}.log`));
  await rename(incoming, folder);
  return folder;
}
