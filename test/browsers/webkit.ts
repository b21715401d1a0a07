/** WebKitGTK's small browser, driven over WebDriver, on a screen in memory. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Readable } from 'node:stream';
import { Builder, By, type WebDriver } from 'selenium-webdriver';
import { freePort } from '../support/ports.ts';
import { until } from '../support/wait.ts';
import type { Profile, StartBrowser, Tab } from './browser.ts';

/** Kills the processes, at the latest with the process of the tests. */
function createProcesses() {
  const children: ChildProcess[] = [];
  const kill = () => {
    for (const child of children) child.kill('SIGKILL');
  };
  process.once('exit', kill);
  return { children, kill };
}

/** WebKitGTK has no mode without a screen. Returns the display, whose number Xvfb chooses. */
async function startScreen(children: ChildProcess[]): Promise<string> {
  const args = ['-displayfd', '3', '-screen', '0', '1280x800x24', '-nolisten', 'tcp'];
  const screen = spawn('Xvfb', args, { stdio: ['ignore', 'ignore', 'ignore', 'pipe'] });
  children.push(screen);
  const [number] = await once(screen.stdio[3] as Readable, 'data', { signal: AbortSignal.timeout(60_000) });
  return `:${String(number).trim()}`;
}

/** Starts the driver on a free port; returns its address. */
async function startDriver(children: ChildProcess[], display: string): Promise<string> {
  const port = await freePort();
  const address = `http://127.0.0.1:${port}`;
  const env = {
    ...process.env,
    DISPLAY: display,
    // The sandbox needs user namespaces, which containers do not offer. The browser only sees pages of the test.
    WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS: '1',
    GSETTINGS_BACKEND: 'memory',
    NO_AT_BRIDGE: '1',
  };
  children.push(spawn('WebKitWebDriver', [`--port=${port}`], { stdio: 'ignore', env }));
  await until(async () => (await fetch(`${address}/status`)).ok, { timeout: 60_000, interval: 50 });
  return address;
}

/** The driver runs commands in the current window: each one is sent together with the choice of its window. */
function createWindows(driver: WebDriver) {
  let last: Promise<unknown> = Promise.resolve();
  return function inWindow<Value>(handle: string, command: () => Promise<Value>): Promise<Value> {
    const next = last.then(async () => {
      await driver.switchTo().window(handle);
      return command();
    });
    last = next.catch(() => undefined);
    return next;
  };
}

/** An expression of the page as a script that calls back with its value or error. */
const asScript = (expression: string) => `const done = arguments[arguments.length - 1];
  (async () => (${expression}))().then((value) => done({ value }), (error) => done({ error: String(error) }));`;

function tabOf(driver: WebDriver, inWindow: ReturnType<typeof createWindows>, handle: string): Tab {
  return {
    id: handle,
    goto: (url) => inWindow(handle, () => driver.get(url)),
    async evaluate<Value>(expression: string) {
      type Outcome = { value?: Value; error?: string };
      const outcome = await inWindow(handle, () => driver.executeAsyncScript<Outcome>(asScript(expression)));
      if (outcome.error !== undefined) throw new Error(outcome.error);
      return outcome.value as Value;
    },
    click: (selector) => inWindow(handle, () => driver.findElement(By.css(selector)).click()),
    back: () => inWindow(handle, () => driver.navigate().back()),
    forward: () => inWindow(handle, () => driver.navigate().forward()),
    close: () => inWindow(handle, () => driver.close()),
  };
}

function profileOf(driver: WebDriver, first: string): Profile {
  const inWindow = createWindows(driver);
  const tab = (handle: string) => tabOf(driver, inWindow, handle);
  let isFirstUsed = false;
  return {
    async newTab() {
      if (isFirstUsed)
        return inWindow(first, async () => {
          await driver.switchTo().newWindow('tab');
          return tab(await driver.getWindowHandle());
        });
      isFirstUsed = true;
      return tab(first);
    },
    tabs: async () => (await driver.getAllWindowHandles()).map(tab),
  };
}

/**
 * Milliseconds for a script and for a page. A script of a page that is being replaced never calls back, and holds up all
 * commands behind it: 30 s by default. A page that never loads is an error of its own before the test runs out of time.
 */
const LIMITS = { script: 10_000, pageLoad: 60_000 };

/** Each session of the driver is a browser of its own with an empty profile; there is one at a time. */
export const startWebKit: StartBrowser = async () => {
  const { children, kill } = createProcesses();
  const address = await startDriver(children, await startScreen(children));
  return {
    close: async () => kill(),
    async newProfile(t) {
      const driver = await new Builder().usingServer(address).withCapabilities({ browserName: 'MiniBrowser' }).build();
      t.after(() => driver.quit());
      await driver.manage().setTimeouts(LIMITS);
      return profileOf(driver, await driver.getWindowHandle());
    },
  };
};
