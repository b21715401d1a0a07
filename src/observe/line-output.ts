/** Outputs of log lines that never block the process: lines wait in a bounded queue, further ones are dropped and counted. */

/** A destination of lines, each with its line break. */
export interface LineOutput {
  write(line: string): void;
  /** Resolves when all lines are written, or after `timeout` milliseconds. */
  flush(timeout: number): Promise<void>;
}

export interface LineOutputHooks {
  /** Called for each dropped line. */
  onDropped(): void;
  /** Called when the output has accepted all waiting lines after some were dropped, with their number. */
  onRecovered(dropped: number): void;
}

/** Maximum bytes that wait for an output. */
export const MAX_WAITING_BYTES = 4 * 1024 * 1024;

/** Counts the dropped lines of one output. */
export function createDropCounter({ onDropped, onRecovered }: LineOutputHooks) {
  let dropped = 0;
  return {
    drop(): void {
      dropped += 1;
      onDropped();
    },
    recovered(): void {
      if (dropped === 0) return;
      const count = dropped;
      dropped = 0;
      onRecovered(count);
    },
  };
}

/** The lines that wait for an output, in order. */
export function createLineQueue(hooks: LineOutputHooks) {
  const lines: Buffer[] = [];
  const drops = createDropCounter(hooks);
  let bytes = 0;
  return {
    add(text: string): void {
      const line = Buffer.from(text);
      if (bytes + line.length > MAX_WAITING_BYTES) drops.drop();
      else {
        lines.push(line);
        bytes += line.length;
      }
    },
    first: (): Buffer | undefined => lines[0],
    /** Removes the bytes of the first line that were written. */
    written(count: number): void {
      const [line] = lines;
      if (line === undefined) return;
      bytes -= count;
      if (count < line.length) lines[0] = line.subarray(count);
      else lines.shift();
      if (lines.length === 0) drops.recovered();
    },
  };
}
