/** JupyterLab behind the gateway: a notebook whose kernel answers by WebSocket, files with its own XSRF check, the sign-out. */
import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { apiRequest, until } from '../support/steps.ts';
import { installJupyterLab } from './install.ts';
import { assertClosed, assertSignOutEnds, failuresOf, nextSocket, openSignedOut, startSite } from './site.ts';

/** A notebook with one cell that has not run. */
const NOTEBOOK = {
  cells: [{ id: 'a1', cell_type: 'code', source: '6*7', execution_count: null, metadata: {}, outputs: [] }],
  metadata: { kernelspec: { name: 'python3', display_name: 'Python 3', language: 'python' } },
  nbformat: 4,
  nbformat_minor: 5,
};

const site = await startSite({
  name: 'jupyterlab',
  heading: 'JupyterLab',
  readyAt: '/api',
  prepare: async (folder, port) => {
    const python = join(await installJupyterLab(), 'bin/python');
    await writeFile(join(folder, 'answer.ipynb'), JSON.stringify(NOTEBOOK));
    const folderOf = (name: string) => join(folder, `.jupyter-${name}`);
    const env = {
      JUPYTER_CONFIG_DIR: folderOf('config'),
      JUPYTER_DATA_DIR: folderOf('data'),
      JUPYTER_RUNTIME_DIR: folderOf('runtime'),
      IPYTHONDIR: folderOf('ipython'),
    };
    const documented = ['--no-browser', '--ip=127.0.0.1', '--IdentityProvider.token='];
    const host = '--ServerApp.local_hostnames=jupyterlab.localhost';
    const ofTests = [`--port=${port}`, `--ServerApp.root_dir=${folder}`, '--allow-root'];
    return { command: python, args: ['-m', 'jupyterlab', ...documented, host, ...ofTests], env };
  },
});
const { browser, folder } = site;

browser.test('JupyterLab: a deep link signs in, and a cell is run and saved', async (page, context) => {
  const failures = failuresOf(page, site, /^$/);
  const channels = nextSocket(page, /^\/api\/kernels\/[^/]+\/channels$/);
  await openSignedOut(page, site, '/lab/tree/answer.ipynb?reset');
  const { socket, received } = await channels;
  // As a user does: once the notebook shows that its kernel is idle. What is run before that may be dropped.
  await page.locator('.jp-Notebook-ExecutionIndicator[data-status="idle"]').waitFor();
  await page.locator('.jp-CodeCell .cm-content').first().click();
  await page.keyboard.press('Shift+Enter');
  await page.locator('.jp-OutputArea-output').getByText('42').waitFor();
  assert.ok(received.length > 0);
  await page.keyboard.press('Control+s');
  await until('the notebook is saved', async () =>
    (await readFile(join(folder, 'answer.ipynb'), 'utf8')).includes('42'),
  );
  assert.deepEqual(failures, []);
  // The site's own protection still decides: a script of the page without its token is refused.
  const forged = await apiRequest(page, '/api/contents', { method: 'POST' });
  assert.deepEqual([forged.status, JSON.stringify(forged.body).includes('_xsrf')], [403, true]);
  await assertClosed(site, context, '/api/contents', '/api/events/subscribe');
  await assertSignOutEnds(page, context, site, { socket, data: '/api/contents' });
});
