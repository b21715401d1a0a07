/** Reloads the configuration of a mounted gateway while it runs, as the standalone gateway does. */
import { createFileWatch, type FileWatch } from '../base/watch-files.ts';
import type { Loaded } from '../config/load/load.ts';
import type { ReloadResult } from '../config/load/reload-plan.ts';
import type { Reload } from '../server/reload.ts';
import { type ConfigSource, type LoadOptions, load, loadAgain } from './load.ts';

export interface MountedReload {
  /** Loads this source, or the one that the gateway was created from, and applies it. Never rejects. */
  reload(source?: ConfigSource): Promise<ReloadResult>;
  /** Stops watching files and refuses further reloads; resolves when the one in progress has ended. */
  stop(): Promise<void>;
}

export interface MountedReloadParts {
  /** What the gateway was created from. */
  source: ConfigSource;
  loaded: Loaded;
  options: LoadOptions;
  reload: Reload;
}

/** Creates the reload; with `reload.watch` it also runs when a file changes. */
export function createMountedReload({ source, loaded, options, reload }: MountedReloadParts): MountedReload {
  let stopped = false;
  let last: Promise<unknown> = Promise.resolve();
  const watch: FileWatch | undefined = loaded.config.reload.watch
    ? createFileWatch(() => void start(undefined))
    : undefined;

  function read(next: ConfigSource | undefined): Loaded {
    if (stopped) throw new Error('the gateway is closed');
    if (next !== undefined) return load(next, options);
    const again = loadAgain(source, options);
    watch?.watch(again.readFrom ?? []);
    return again;
  }

  function start(next: ConfigSource | undefined): Promise<ReloadResult> {
    const reloading = reload(() => read(next));
    last = reloading;
    return reloading;
  }

  watch?.watch(loaded.readFrom ?? []);
  return {
    reload: start,
    async stop() {
      stopped = true;
      watch?.stop();
      await last;
    },
  };
}
