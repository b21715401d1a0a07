/** The worker processes of a gateway. */
import { spawnSync } from 'node:child_process';
import type { GatewayProcess } from './process.ts';

/** The process ids of the workers, without those that have exited. */
export function workersOf({ pid }: Pick<GatewayProcess, 'pid'>): number[] {
  // ps exits with 1 when there is none.
  return spawnSync('ps', ['--ppid', String(pid()), '-o', 'pid=,stat='], { encoding: 'utf8' })
    .stdout.split('\n')
    .filter((line) => line.trim() !== '' && !/ Z/.test(line))
    .map((line) => Number.parseInt(line, 10));
}
