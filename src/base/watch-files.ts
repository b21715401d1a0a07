/** Watches files and folders for changes. */
import { unwatchFile, watchFile } from 'node:fs';

/** How often a watched file is checked for changes. */
const WATCH_INTERVAL_MS = 1_000;

export interface FileWatch {
  /** Watches these as well; one that is named again is watched once. */
  watch(paths: readonly string[]): void;
  stop(): void;
}

/** Calls `onChange` when a file has changed, or a folder has other files. Keeps no process alive. */
export function createFileWatch(onChange: () => void): FileWatch {
  const watched = new Set<string>();
  return {
    watch(paths) {
      for (const path of paths.filter((name) => !watched.has(name))) {
        watched.add(path);
        // Polling, because a mounted ConfigMap is replaced through a symbolic link, which causes no event for the file.
        watchFile(path, { interval: WATCH_INTERVAL_MS, persistent: false }, onChange);
      }
    },
    stop() {
      for (const path of watched) unwatchFile(path, onChange);
      watched.clear();
    },
  };
}
