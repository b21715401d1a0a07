#!/bin/sh
# Installs what `npm run bench` needs: nginx, haproxy, Apache with mod_auth_openidc, wrk, h2load, Redis, oauth2-proxy.
set -eu
here=$(cd "$(dirname "$0")/.." && pwd)
need=
for name in redis-server nginx haproxy apache2 libapache2-mod-auth-openidc wrk nghttp2-client; do
  dpkg -s "$name" > /dev/null 2>&1 || need="$need $name"
done
if [ -n "$need" ]; then
  apt-get update -q
  # Keeps the packages from starting their services.
  printf '#!/bin/sh\nexit 101\n' > /usr/sbin/policy-rc.d
  chmod +x /usr/sbin/policy-rc.d
  # shellcheck disable=SC2086
  DEBIAN_FRONTEND=noninteractive apt-get install -qy $need
  rm -f /usr/sbin/policy-rc.d
fi
[ -x "$here/.cache/bench/oauth2-proxy" ] || GOBIN="$here/.cache/bench" go install github.com/oauth2-proxy/oauth2-proxy/v7@v7.15.6
cd "$here" && npm run build
