/** A real nginx in front of an upstream, which asks the gateway before it forwards. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { until } from './wait.ts';

export interface Nginx {
  stop(): Promise<void>;
}

/** Whether something listens there. */
function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => resolve(true));
    socket.once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}

const ended = (child: ChildProcess) =>
  child.exitCode === null && child.signalCode === null
    ? new Promise<void>((resolve) => child.once('exit', () => resolve()))
    : Promise.resolve();

/** Starts nginx on a port of loopback with the directives of its one server. */
export async function startNginx(port: number, directives: string): Promise<Nginx> {
  const folder = mkdtempSync(join(tmpdir(), 'bff-nginx-'));
  const file = join(folder, 'nginx.conf');
  const paths = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (name) => `${name}_temp_path ${join(folder, name)};`,
  );
  writeFileSync(
    file,
    `daemon off; worker_processes 1; pid ${join(folder, 'pid')}; error_log stderr warn;
events {}
http {
  access_log off;
  ${paths.join('\n  ')}
  server {
    listen 127.0.0.1:${port};
    ${directives}
  }
}
`,
  );
  const child = spawn('nginx', ['-p', folder, '-c', file], { stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  child.once('error', (error) => {
    said = String(error);
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  await until(async () => {
    if (child.exitCode !== null || child.pid === undefined) throw new Error(`nginx ended: ${said}`);
    return await listens(port);
  });
  return {
    async stop() {
      child.kill('SIGQUIT');
      await ended(child);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
