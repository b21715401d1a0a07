/** Starts a real nginx in front of an upstream, with forward authentication by the gateway. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type FrontProxy, startFrontProxy } from './front-proxy.ts';

/** Starts nginx on a loopback port with one server and its directives, or with one for each name. */
export function startNginx(port: number, directives: string | Readonly<Record<string, string>>): Promise<FrontProxy> {
  const servers = typeof directives === 'string' ? { _: directives } : directives;
  const serverOf = ([name, text]: [string, string]) =>
    `server {\n    listen 127.0.0.1:${port};\n    server_name ${name};\n    ${text}\n  }`;

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
  ${Object.entries(servers).map(serverOf).join('\n  ')}
}
`,
    );
    return ['-p', folder, '-c', file];
  }
  return startFrontProxy({ command: 'nginx', prepare, port, signal: 'SIGQUIT' });
}
