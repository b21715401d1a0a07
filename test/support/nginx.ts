/** Starts a real nginx in front of an upstream, with forward authentication by the gateway. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type FrontProxy, startFrontProxy } from './front-proxy.ts';

/** Starts nginx on a loopback port with one server and its directives. */
export function startNginx(port: number, directives: string): Promise<FrontProxy> {
  function prepare(folder: string): string[] {
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
    return ['-p', folder, '-c', file];
  }
  return startFrontProxy({ command: 'nginx', prepare, port, signal: 'SIGQUIT' });
}
