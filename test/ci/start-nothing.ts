/** Preloaded into the fast tests: to listen, to connect, or to start a process or thread fails with the reason. */
import childProcess, { ChildProcess } from 'node:child_process';
import { syncBuiltinESMExports } from 'node:module';
import { Server, Socket } from 'node:net';
import threads from 'node:worker_threads';

function refuse(what: string) {
  return () => {
    // Fails the file as well, in case the caller catches the error.
    process.exitCode = 1;
    process.once('exit', () => {
      process.exitCode = 1;
    });
    throw new Error(`a fast test ${what}; test/ci/fast.ts must not select it`);
  };
}

const starts = refuse('starts a process or thread');
Object.assign(Server.prototype, { listen: refuse('listens on a port') });
Object.assign(Socket.prototype, { connect: refuse('opens a connection') });
Object.assign(ChildProcess.prototype, { spawn: starts });
Object.assign(childProcess, { execFileSync: starts, execSync: starts, spawnSync: starts });
Object.assign(threads, { Worker: starts });
syncBuiltinESMExports();
