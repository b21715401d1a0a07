/** Node-RED behind the gateway: its editor, its WebSocket, a flow that is deployed and says something, and the sign-out. */
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Page } from '../support/browser.ts';
import { until } from '../support/steps.ts';
import { installNodeRed } from './install.ts';
import { assertClosed, assertSignOutEnds, failuresOf, nextSocket, openSignedOut, startSite } from './site.ts';

const SETTINGS = `module.exports = {
  uiHost: '127.0.0.1',
  flowFile: 'flows.json',
  telemetry: { enabled: false, updateNotification: false },
  editorTheme: { tours: false },
};`;

const site = await startSite({
  name: 'node-red',
  heading: 'Node-RED',
  readyAt: '/settings',
  prepare: async (folder, port) => {
    // Above this folder a package.json makes every .js file an ES module.
    const settings = join(folder, 'settings.cjs');
    await writeFile(settings, SETTINGS);
    const main = join(await installNodeRed(), 'node_modules/node-red/red.js');
    return { command: 'node', args: [main, '--settings', settings, '--userDir', folder, '--port', String(port)] };
  },
});
const { browser, upstream } = site;

/** Says hello half a second after it is deployed. */
const FLOW = [
  {
    ...{ id: 'a1', type: 'inject', name: 'start', x: 120, y: 80, wires: [['a2']] },
    ...{ once: true, onceDelay: '0.5', repeat: '', crontab: '', topic: '' },
    props: [{ p: 'payload', v: 'hello from the flow', vt: 'str' }],
  },
  {
    id: 'a2',
    type: 'debug',
    name: 'say',
    x: 320,
    y: 80,
    wires: [],
    active: true,
    tosidebar: true,
    complete: 'payload',
  },
];

/** Imports the flow by the dialog of the editor and deploys it by its button. */
async function deployFlow(page: Page): Promise<void> {
  await page.locator('#red-ui-workspace-chart').click();
  await page.keyboard.press('Control+i');
  await page.locator('#red-ui-clipboard-dialog-import-text').fill(JSON.stringify(FLOW));
  await page.locator('#red-ui-clipboard-dialog-ok').click();
  await page.locator('#red-ui-workspace-chart').click({ position: { x: 200, y: 200 } });
  await page.locator('#red-ui-header-button-deploy').click();
}

browser.test(
  'Node-RED: a deep link signs in, a flow is deployed and its output arrives by WebSocket',
  async (page, context) => {
    const failures = failuresOf(page, site, /^$/);
    const comms = nextSocket(page, /^\/comms$/);
    await openSignedOut(page, site, '/?view=flows');
    const { socket, received } = await comms;
    await page.locator('#red-ui-palette').getByText('inject', { exact: true }).waitFor();
    const saved = page.waitForResponse(
      (response) => response.request().method() === 'POST' && response.url().endsWith('/flows'),
    );
    await deployFlow(page);
    assert.equal((await saved).status(), 200);
    await until('the output of the flow arrives', () => received.some((text) => text.includes('hello from the flow')));
    await page.locator('.red-ui-debug-msg').getByText('hello from the flow').waitFor();
    const flows = (await (await fetch(`${upstream}/flows`)).json()) as { name?: string }[];
    assert.deepEqual(flows.flatMap(({ name }) => name ?? []).sort(), ['say', 'start']);
    assert.deepEqual(failures, []);

    await assertClosed(site, context, '/flows', '/comms');
    await assertSignOutEnds(page, context, site, { socket, data: '/flows' });
  },
);
