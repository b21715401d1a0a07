/** A person at the terminal: questions by readline, with answers that are not shown if they are secret. */
import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';
import type { Prompter } from './questions.ts';

/** A prompter with its end, after which the process can exit. */
export interface Terminal extends Prompter {
  close(): void;
}

/** Opens the terminal of this process. A question rejects at Ctrl+C, Ctrl+D and the end of the input. */
export function openTerminal(): Terminal {
  let isMuted = false;
  const output = new Writable({
    write(chunk, _encoding, done) {
      if (!isMuted) process.stdout.write(chunk);
      done();
    },
  });
  const lines = createInterface({ input: process.stdin, output, terminal: true });
  const closed = Promise.withResolvers<never>();
  // It has no reader between two questions.
  closed.promise.catch(() => {});
  lines.once('close', () => closed.reject(new Error('\nstopped; nothing was written')));
  return {
    async ask(question, isHidden = false) {
      if (!isHidden) return await Promise.race([lines.question(question), closed.promise]);
      process.stdout.write(question);
      isMuted = true;
      try {
        return await Promise.race([lines.question(''), closed.promise]);
      } finally {
        isMuted = false;
        process.stdout.write('\n');
      }
    },
    say: (text) => void process.stdout.write(text),
    close: () => lines.close(),
  };
}
