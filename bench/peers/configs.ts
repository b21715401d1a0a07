/** Configurations of the peers, in their favour: no request log, keep-alive everywhere, no optional features. */
import type { CertificateFiles } from '../../test/support/tls-files.ts';
import { PORTS } from '../services.ts';

const UPSTREAM = `127.0.0.1:${PORTS.upstream}`;
const STREAMS = `127.0.0.1:${PORTS.streams}`;
const PROVIDER = `http://127.0.0.1:${PORTS.provider}`;

/** Forwards with a fixed token: the cost of a proxy without sessions. */
export function nginxConfig(folder: string, port: number, token: string, tls?: CertificateFiles): string {
  // A location with its own proxy_set_header inherits none.
  const own = `proxy_set_header Cookie ""; proxy_set_header Authorization "Bearer ${token}";`;
  const listener = tls ? ' ssl http2' : '';
  const files = tls ? `ssl_certificate ${tls.certificate}; ssl_certificate_key ${tls.key};` : '';
  return `
worker_processes 1; pid ${folder}/nginx${port}.pid; error_log ${folder}/nginx.err; daemon off; user root;
events { worker_connections 32768; multi_accept on; }
http {
  access_log off; keepalive_requests 100000000; keepalive_timeout 300s; tcp_nodelay on;
  client_body_temp_path ${folder}/n1; proxy_temp_path ${folder}/n2; fastcgi_temp_path ${folder}/n3;
  uwsgi_temp_path ${folder}/n4; scgi_temp_path ${folder}/n5;
  upstream api { server ${UPSTREAM}; keepalive 512; keepalive_requests 100000000; }
  map $http_upgrade $connection_upgrade { default upgrade; '' ''; }
  server {
    listen 127.0.0.1:${port}${listener} backlog=8192; ${files} proxy_http_version 1.1; proxy_buffers 16 8k;
    location / { proxy_pass http://api; ${own} proxy_set_header Connection ""; }
    location /streams { proxy_pass http://${STREAMS}; ${own} proxy_buffering off;
      proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection $connection_upgrade; }
  }
}`;
}

/** `pem` is the file with certificate and key. */
export const haproxyConfig = (port: number, token: string, pem?: string) => `
global
  nbthread 1
  maxconn 8000
defaults
  mode http
  timeout connect 5s
  timeout client 60s
  timeout server 60s
  timeout tunnel 1h
  http-reuse always
frontend all
  bind 127.0.0.1:${port}${pem === undefined ? '' : ` ssl crt ${pem} alpn h2,http/1.1`}
  backlog 8192
  http-request del-header Cookie
  http-request set-header Authorization "Bearer ${token}"
  use_backend streams if { path_beg /streams }
  default_backend api
backend api
  server one ${UPSTREAM}
backend streams
  server one ${STREAMS}
`;

export const oauth2ProxyConfig = (port: number, tls?: CertificateFiles) => `
${
  tls
    ? `http_address = "-"\nhttps_address = "127.0.0.1:${port}"\ntls_cert_file = "${tls.certificate}"\ntls_key_file = "${tls.key}"`
    : `http_address = "127.0.0.1:${port}"`
}
provider = "oidc"
oidc_issuer_url = "${PROVIDER}"
client_id = "bench"
client_secret = "bench-client-secret-bench-client-secret"
redirect_url = "${tls ? 'https' : 'http'}://127.0.0.1:${port}/oauth2/callback"
cookie_secret = "0123456789abcdef0123456789abcdef"
cookie_secure = ${tls !== undefined}
email_domains = ["*"]
upstreams = ["http://${UPSTREAM}/", "http://${STREAMS}/streams/"]
session_store_type = "redis"
redis_connection_url = "redis://127.0.0.1:${PORTS.redis}"
pass_access_token = true
pass_authorization_header = false
skip_provider_button = true
request_logging = false
auth_logging = false
`;

export const apacheConfig = (folder: string, port: number) => `
ServerRoot ${folder}
ServerName 127.0.0.1
PidFile ${folder}/apache.pid
ErrorLog ${folder}/apache.err
LogLevel warn
Listen 127.0.0.1:${port}
User www-data
Group www-data
Mutex sem default
${['mpm_event', 'authn_core', 'authz_core', 'authz_user', 'headers', 'proxy', 'proxy_http', 'auth_openidc']
  .map((name) => `LoadModule ${name}_module /usr/lib/apache2/modules/mod_${name}.so`)
  .join('\n')}
StartServers 1
ServerLimit 2
ThreadLimit 600
ThreadsPerChild 600
MaxRequestWorkers 1200
MaxConnectionsPerChild 0
KeepAlive On
MaxKeepAliveRequests 0
KeepAliveTimeout 60
OIDCProviderMetadataURL ${PROVIDER}/.well-known/openid-configuration
OIDCClientID bench
OIDCClientSecret bench-client-secret-bench-client-secret
OIDCRedirectURI http://127.0.0.1:${port}/callback
OIDCCryptoPassphrase bench-passphrase-bench-passphrase
OIDCSSLValidateServer Off
OIDCScope "openid email profile"
OIDCSessionType server-cache
OIDCSessionInactivityTimeout 28800
OIDCCacheType redis
OIDCRedisCacheServer 127.0.0.1:${PORTS.redis}
OIDCPassClaimsAs environment
OIDCCookieSameSite On
ProxyPass /callback !
ProxyPass / http://${UPSTREAM}/ keepalive=On max=600 ttl=300
<Location />
  AuthType openid-connect
  Require valid-user
  RequestHeader unset Cookie
  RequestHeader set Authorization "expr=Bearer %{reqenv:OIDC_access_token}"
</Location>
`;
