#!/usr/bin/env node
/** Entry point: re-executes Node with tuned V8 flags to serve requests, then runs the command line. */
import { reexec } from './tuning/reexec.ts';

if (process.argv[2] === 'start') {
  reexec();
  // Until the gateway installs its handlers these would end the process, or open the inspector of Node.
  for (const signal of ['SIGHUP', 'SIGUSR1', 'SIGUSR2']) process.on(signal, () => {});
}
await import('./cli/entry.ts');
