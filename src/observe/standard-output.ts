/** Standard output as a destination of lines. A reader that stops reading must not stop the process, its exit or its memory. */
import { fstatSync } from 'node:fs';
import { Socket } from 'node:net';
import { openLineFile } from './line-file.ts';
import { createDropCounter, type LineOutput, type LineOutputHooks, MAX_WAITING_BYTES } from './line-output.ts';

/** File descriptor of standard output. */
export const STDOUT = 1;

/** Resolves when everything written so far is sent, or after `timeout` milliseconds. */
function waitUntilSent(socket: Socket, timeout: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, timeout);
    socket.write('', () => {
      clearTimeout(timer);
      resolve();
    });
  });
}

/** A pipe or a socket. Node makes it non-blocking and writes at once what its buffer accepts. */
function openPipe(fd: number, hooks: LineOutputHooks): LineOutput {
  const socket = new Socket({ fd, readable: false, writable: true });
  socket.unref();
  const drops = createDropCounter(hooks);
  // The reader is gone, so there is no output to report it to; the lines are counted.
  socket.on('error', () => {});
  socket.on('drain', drops.recovered);
  return {
    write(line) {
      if (socket.destroyed || socket.writableLength + line.length > MAX_WAITING_BYTES) drops.drop();
      else socket.write(line);
    },
    async flush(timeout) {
      if (socket.writableLength > 0 && !socket.destroyed) await waitUntilSent(socket, timeout);
    },
  };
}

function isPipe(fd: number): boolean {
  try {
    const stat = fstatSync(fd);
    return stat.isFIFO() || stat.isSocket();
  } catch {
    // Standard output is closed.
    return false;
  }
}

/** Opens standard output. A file or a terminal is written synchronously; its errors have no other output to appear on. */
export function openStandardOutput(hooks: LineOutputHooks, fd = STDOUT): LineOutput {
  return isPipe(fd) ? openPipe(fd, hooks) : openLineFile(fd, { ...hooks, onError: () => {} });
}
