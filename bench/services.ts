/** The services that every contender uses: upstreams, Redis, provider. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { until } from '../test/support/wait.ts';
import { start } from './processes.ts';

export const PORTS = { upstream: 4100, redis: 4101, provider: 4102, streams: 4103 } as const;

export interface Services {
  /** Process ids, for pinning and measuring. */
  pids: { upstream: number; redis: number; provider: number; streams: number };
  /** An access token from the provider, for contenders without sessions. */
  token: string;
}

/** JSON of exactly `length` bytes. */
function json(length: number): string {
  let text = '[';
  for (let id = 0; text.length < length; id += 1) text += `{"id":${id},"name":"item ${id}","price":${id}.99},`;
  return `${text.slice(0, length - 3)}"}]`.slice(0, length);
}

const upstreamConfig = (folder: string) => `
worker_processes 1; pid ${folder}/upstream.pid; error_log ${folder}/upstream.err; daemon off; user root;
events { worker_connections 16384; multi_accept on; }
http {
  access_log off; keepalive_requests 100000000; keepalive_timeout 300s; sendfile on; tcp_nodelay on; default_type application/json;
  client_body_temp_path ${folder}/u1; proxy_temp_path ${folder}/u2; fastcgi_temp_path ${folder}/u3;
  uwsgi_temp_path ${folder}/u4; scgi_temp_path ${folder}/u5;
  server {
    listen 127.0.0.1:${PORTS.upstream} backlog=8192; root ${folder}/www;
    add_header Cache-Control "no-store"; add_header X-Upstream-Id $request_id;
    open_file_cache max=100 inactive=1h; open_file_cache_valid 1h;
    location = /api/echo { return 200 "$http_authorization|$http_cookie|$http_x_forwarded_access_token"; }
    location /api/ { try_files $uri =404; }
  }
}`;

/** Starts the services and waits until they respond; their files are in the folder. */
export async function startServices(folder: string): Promise<Services> {
  mkdirSync(join(folder, 'www/api'), { recursive: true });
  writeFileSync(join(folder, 'www/api/small.json'), json(1024));
  writeFileSync(join(folder, 'www/api/big.json'), json(51_200));
  writeFileSync(join(folder, 'upstream.conf'), upstreamConfig(folder));
  const here = import.meta.dirname;
  const redis = [
    'redis-server',
    '--port',
    String(PORTS.redis),
    '--save',
    '',
    '--appendonly',
    'no',
    '--bind',
    '127.0.0.1',
  ];
  const pids = {
    upstream: start(folder, 'upstream', ['nginx', '-c', join(folder, 'upstream.conf')]),
    redis: start(folder, 'redis', [...redis, '--dir', folder]),
    provider: start(folder, 'provider', [process.execPath, join(here, 'provider.ts')], {
      PORT: String(PORTS.provider),
    }),
    streams: start(folder, 'streams', [process.execPath, join(here, 'stream-upstream.ts')], {
      PORT: String(PORTS.streams),
    }),
  };
  const sample = `http://127.0.0.1:${PORTS.provider}/sample`;
  await until(async () => (await fetch(sample)).ok, { what: 'the provider' });
  await until(async () => (await fetch(`http://127.0.0.1:${PORTS.upstream}/api/small.json`)).ok, {
    what: 'the upstream',
  });
  const { access_token: token } = (await (await fetch(sample)).json()) as { access_token: string };
  return { pids, token };
}
