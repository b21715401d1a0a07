/** What the scenarios need of a browser; an adapter for each browser provides it. */
import type { TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { until } from '../support/wait.ts';

export interface Tab {
  /** Equal for two objects of the same tab. */
  id: unknown;
  goto(url: string): Promise<void>;
  /** The value of an expression in the page, awaited; it must be JSON. */
  evaluate<Value = unknown>(expression: string): Promise<Value>;
  /** Clicks as a user does, so that the page may open a window. */
  click(selector: string): Promise<void>;
  back(): Promise<void>;
  forward(): Promise<void>;
  close(): Promise<void>;
}

export interface Profile {
  newTab(): Promise<Tab>;
  /** All tabs and windows, those that pages opened included. */
  tabs(): Promise<Tab[]>;
}

export interface Browser {
  /** Opens an empty profile, which ends with the test. */
  newProfile(t: Pick<TestContext, 'after'>): Promise<Profile>;
  close(): Promise<void>;
}

export type StartBrowser = () => Promise<Browser>;

/** A page that enters the back-forward cache during a check never responds to it. */
const CHECK_MS = 5_000;

/** Waits until the expression is true; while a page is being replaced, it has no value. */
export const untilIn = (tab: Tab, expression: string): Promise<unknown> =>
  until(() => Promise.race([tab.evaluate<boolean>(expression), sleep(CHECK_MS, false, { ref: false })]), {
    timeout: 60_000,
    interval: 50,
    what: expression,
  });

/** Waits until the tab shows a path of the gateway or the provider. */
export const untilAt = (tab: Tab, path: string): Promise<unknown> =>
  untilIn(tab, `document.readyState === 'complete' && location.pathname === ${JSON.stringify(path)}`);

/** Clicks an element, as soon as the page has it. */
export async function clickOn(tab: Tab, selector: string): Promise<void> {
  await untilIn(tab, `document.readyState === 'complete' && document.querySelector('${selector}') !== null`);
  await tab.click(selector);
}
