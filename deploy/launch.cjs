/**
 * Runs a TypeScript file of this repository with the Node that it needs: `node deploy/launch.cjs [--install] FILE ARGUMENTS`.
 * That is this Node, or the one that the npm package `node` brings; `--install` installs the npm packages first. It needs no
 * shell. Old versions of Node must be able to parse this file.
 */
'use strict';
const { spawn, spawnSync } = require('node:child_process');
const { existsSync, statSync } = require('node:fs');
const { join, resolve } = require('node:path');
const { pathToFileURL } = require('node:url');
const { engines } = require('../package.json');

const ROOT = join(__dirname, '..');
const LOCK = join(ROOT, 'package-lock.json');
const INSTALLED = join(ROOT, 'node_modules', '.package-lock.json');
const NEEDED = engines.node.replace('>=', '');

function isOld(version) {
  const [major, minor] = version.split('.').map(Number);
  const [neededMajor, neededMinor] = NEEDED.split('.').map(Number);
  return major < neededMajor || (major === neededMajor && minor < neededMinor);
}

/** Installs the npm packages if they are missing, or older than the lock file. */
function install() {
  if (existsSync(INSTALLED) && statSync(INSTALLED).mtimeMs >= statSync(LOCK).mtimeMs) return;
  console.log('Installing the npm packages (once) ...');
  const args = ['ci', '--include=dev', '--no-audit', '--no-fund', '--loglevel=error'];
  const npm = process.env.npm_execpath;
  const options = { cwd: ROOT, stdio: 'inherit' };
  // npm is a script of Node. Without its path, Windows finds npm.cmd by its shell only; no argument needs quotes.
  const { status } =
    npm && /\.c?js$/.test(npm)
      ? spawnSync(process.execPath, [npm, ...args], options)
      : spawnSync('npm', args, { ...options, shell: process.platform === 'win32' });
  if (status !== 0) process.exit(status === null ? 1 : status);
}

/** The Node of the npm package `node`. */
const packagedNode = () =>
  ['node.exe', 'node'].map((name) => join(ROOT, 'node_modules', 'node', 'bin', name)).find((path) => existsSync(path));

/** Runs the file in a process of its own, which gets the signals of this one. */
function runWith(node, args) {
  const child = spawn(node, args, { stdio: 'inherit' });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.on('exit', (code) => process.exit(code === null ? 1 : code));
}

function refuse() {
  console.error(
    `bff-gateway needs Node ${NEEDED} or later; this is ${process.versions.node} (${process.execPath}). ` +
      `Install: https://nodejs.org/en/download, or \`nvm install ${NEEDED.split('.')[0]}\`.`,
  );
  process.exitCode = 1;
}

function main() {
  const given = process.argv.slice(2);
  if (given[0] === '--install') {
    install();
    given.shift();
  }
  const args = [resolve(ROOT, given[0]), ...given.slice(1)];
  const node = isOld(process.versions.node) ? packagedNode() : process.execPath;
  if (node === undefined) return refuse();
  if (node !== process.execPath) return runWith(node, args);
  process.argv = [node, ...args];
  return import(pathToFileURL(args[0]).href);
}

Promise.resolve(main()).catch((error) => {
  console.error(error);
  process.exit(1);
});
