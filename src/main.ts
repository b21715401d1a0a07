#!/usr/bin/env node
/** Entry point: re-executes Node with tuned V8 flags to serve requests, then runs the command line. */
import { reexec } from './tuning/reexec.ts';

if (process.argv[2] === 'start') reexec();
await import('./cli/entry.ts');
