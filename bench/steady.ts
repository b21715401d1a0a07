/** Checks that memory stays flat: prints the memory of the gateway during sustained full load. */
import { parseArgs } from 'node:util';
import { runWrk } from './load/wrk.ts';
import { memoryOf, stopAll } from './processes.ts';
import { OTHER_CORE, startGatewayContender } from './running.ts';

const { values } = parseArgs({ options: { minutes: { type: 'string', default: '10' } } });
/** Seconds between two lines of output. */
const STEP_SECONDS = 30;

async function run(): Promise<void> {
  const { pid, url, cookie } = (await startGatewayContender()).gateway;
  const target = {
    url: `${url}/api/small.json`,
    headers: { cookie },
    connections: 64,
    seconds: STEP_SECONDS,
    core: OTHER_CORE,
  };
  let total = 0;
  for (let at = 0; at < Number(values.minutes) * 60; at += STEP_SECONDS) {
    const { requests, errors, p99 } = await runWrk(target);
    total += requests;
    const figures = `${memoryOf(pid).toFixed(0)} MB, resident ${memoryOf(pid, 'Rss').toFixed(0)} MB`;
    console.log(
      `${at + STEP_SECONDS} s: ${total} requests, ${errors} errors, p99 ${(p99 / 1000).toFixed(1)} ms, ${figures}`,
    );
  }
}

process.on('exit', stopAll);
await run();
process.exit(0);
