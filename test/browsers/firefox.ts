/** Firefox without a screen, driven over WebDriver BiDi. */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { type Bidi, connectBidi, evaluateIn } from './bidi.ts';
import type { Profile, StartBrowser, Tab } from './browser.ts';

const START_MS = 120_000;

/** Starts the browser with an empty profile on a port that it chooses; returns the address of its driver. */
async function startProcess(): Promise<{ address: string; kill(): void }> {
  const folder = mkdtempSync(join(tmpdir(), 'bff-firefox-'));
  const args = ['--headless', '--remote-debugging-port=0', '--profile', folder, '--new-instance', 'about:blank'];
  const browser = spawn(process.env.FIREFOX ?? '/usr/bin/firefox-esr', args, { stdio: ['ignore', 'ignore', 'pipe'] });
  const kill = () => {
    browser.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true, maxRetries: 10 });
  };
  process.once('exit', kill);
  const timer = setTimeout(kill, START_MS);
  for await (const line of createInterface(browser.stderr)) {
    const [, address] = /WebDriver BiDi listening on (ws:\S+)/.exec(line) ?? [];
    if (address === undefined) continue;
    clearTimeout(timer);
    browser.stderr.resume();
    return { address, kill };
  }
  throw new Error('Firefox ended before it could be driven');
}

/** Clicks in the middle of an element. */
async function click(bidi: Bidi, context: string, selector: string): Promise<void> {
  const { sharedId } = await evaluateIn(bidi, context, `document.querySelector(${JSON.stringify(selector)})`);
  if (sharedId === undefined) throw new Error(`the page has no ${selector}`);
  const origin = { type: 'element', element: { sharedId } };
  const actions = [
    { type: 'pointerMove', x: 0, y: 0, origin },
    { type: 'pointerDown', button: 0 },
    { type: 'pointerUp', button: 0 },
  ];
  await bidi.send('input.performActions', { context, actions: [{ type: 'pointer', id: 'mouse', actions }] });
}

const tabOf = (bidi: Bidi, context: string): Tab => ({
  id: context,
  goto: async (url) => void (await bidi.send('browsingContext.navigate', { context, url, wait: 'complete' })),
  async evaluate<Value>(expression: string) {
    const { value } = await evaluateIn(bidi, context, `(async () => JSON.stringify(await (${expression})))()`);
    return (typeof value === 'string' ? JSON.parse(value) : undefined) as Value;
  },
  click: (selector) => click(bidi, context, selector),
  back: async () => void (await bidi.send('browsingContext.traverseHistory', { context, delta: -1 })),
  forward: async () => void (await bidi.send('browsingContext.traverseHistory', { context, delta: 1 })),
  close: async () => void (await bidi.send('browsingContext.close', { context })),
});

interface Tree {
  contexts: { context: string; userContext: string }[];
}

const profileOf = (bidi: Bidi, userContext: string): Profile => ({
  async newTab() {
    const { context } = await bidi.send<{ context: string }>('browsingContext.create', { type: 'tab', userContext });
    return tabOf(bidi, context);
  },
  async tabs() {
    const { contexts } = await bidi.send<Tree>('browsingContext.getTree', { maxDepth: 0 });
    return contexts.filter((tab) => tab.userContext === userContext).map(({ context }) => tabOf(bidi, context));
  },
});

/** Each profile is a user context: it shares neither cookies nor storage nor service workers with the others. */
export const startFirefox: StartBrowser = async () => {
  const { address, kill } = await startProcess();
  const bidi = await connectBidi(address);
  return {
    async close() {
      bidi.close();
      kill();
    },
    async newProfile(t) {
      const { userContext } = await bidi.send<{ userContext: string }>('browser.createUserContext', {});
      t.after(() => bidi.send('browser.removeUserContext', { userContext }));
      return profileOf(bidi, userContext);
    },
  };
};
