#!/usr/bin/env node
/** Entry point: refuses an old Node with a sentence, re-executes Node with tuned V8 flags to serve requests, then runs the command line. */

// Old versions must be able to parse this file, so it imports nothing before the check and has no recent syntax.

/** The `engines` of package.json. */
const NEEDED = [24, 12];

const [major, minor] = process.versions.node.split('.').map(Number);
const isOld = Number(major) < Number(NEEDED[0]) || (major === NEEDED[0] && Number(minor) < Number(NEEDED[1]));

async function run() {
  if (process.argv[2] === 'start') {
    // Until the gateway installs its handlers these would end the process, or open the inspector of Node.
    for (const signal of ['SIGHUP', 'SIGUSR1', 'SIGUSR2']) process.on(signal, () => {});
    const { reexec } = await import('./tuning/reexec.ts');
    reexec();
  }
  await import('./cli/entry.ts');
}

if (isOld) {
  console.error(
    `bff-gateway needs Node ${NEEDED.join('.')} or later; this is ${process.versions.node} (${process.execPath}). ` +
      `Install: https://nodejs.org/en/download, or \`nvm install ${NEEDED[0]}\`.`,
  );
  process.exitCode = 1;
} else {
  run().catch((error) => {
    console.error(error);
    process.exit(1);
  });
}
