#!/bin/sh
# Everything that must hold: installs what is missing, then types, lint, and all suites on real parts.
set -eu
cd "$(dirname "$0")/.."
. .ci/packages.sh
. .ci/prepare.sh

step "types"
tsc -p .
step "lint and format"
biome check
step "tests"
# Takes the place of this shell, so that a signal reaches the runner, which stops what it has started.
exec node test/ci/run.ts
