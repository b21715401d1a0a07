/** The plugin whose code runs, also in its timers and promises: errors that nothing catches are traced back to it. */
import { AsyncLocalStorage } from 'node:async_hooks';

const storage = new AsyncLocalStorage<string>();

/** Runs code of a plugin. What it starts, such as a timer, belongs to the plugin too. */
export const runAsPlugin = <T>(name: string, run: () => T): T => storage.run(name, run);

/** The name of the plugin whose code runs; undefined for code of the gateway. */
export const currentPlugin = (): string | undefined => storage.getStore();
