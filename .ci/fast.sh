#!/bin/sh
# Types, lint, and all tests that start no server, process or browser; needs nothing but Node and the npm packages.
set -eu
cd "$(dirname "$0")/.."
. .ci/packages.sh

step "types"
tsc -p .
step "lint and format"
biome check
step "fast tests"
exec node test/ci/run.ts fast
