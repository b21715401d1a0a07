# Sourced at the root of the repository: afterwards the npm packages are installed and Node is the version of this project.

step() { printf '\n== %s\n' "$1"; }

if [ -L node_modules ]; then
  # npm ci would empty the folder that the link leads to, which other checkouts use.
  echo "node_modules is a link: its packages are used as they are."
elif [ ! -e node_modules/.package-lock.json ] || [ package-lock.json -nt node_modules/.package-lock.json ]; then
  step "installing the npm packages"
  npm ci --include=dev --no-audit --no-fund
fi

# The package `node` brings the Node version of this project, whatever the system has.
PATH="$PWD/node_modules/.bin:$PATH"
export PATH
hash -r
