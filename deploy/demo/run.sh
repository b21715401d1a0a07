#!/bin/sh
# Runs the demo on a fresh machine: installs the npm packages, which include Node 24, then starts everything.
set -eu
cd "$(dirname "$0")/../.."
if [ ! -e node_modules/.package-lock.json ] || [ package-lock.json -nt node_modules/.package-lock.json ]; then
  echo "Installing the npm packages (once) ..."
  npm ci --include=dev --no-audit --no-fund --loglevel=error
fi
PATH="$PWD/node_modules/.bin:$PATH"
export PATH
exec node deploy/demo/main.ts "$@"
