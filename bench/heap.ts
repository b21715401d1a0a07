/** Heap usage of a running Node process, read through its inspector. */
import { WebSocket } from 'ws';
import { until } from '../test/support/wait.ts';

const INSPECTOR = 'http://127.0.0.1:9229/json';

/** Bytes in use after a full collection. Opens the inspector of the process: one process at a time. */
export async function heapAfterCollection(pid: number): Promise<number> {
  process.kill(pid, 'SIGUSR1');
  const targets = await until(
    async () => (await fetch(INSPECTOR)).json() as Promise<{ webSocketDebuggerUrl: string }[]>,
    {
      what: 'the inspector',
    },
  );
  const socket = new WebSocket(targets[0]?.webSocketDebuggerUrl ?? '');
  const pending = new Map<number, (result: { usedSize?: number }) => void>();
  socket.on('message', (data) => {
    const { id, result } = JSON.parse(String(data)) as { id: number; result: { usedSize?: number } };
    pending.get(id)?.(result);
  });
  await new Promise((resolve) => socket.once('open', resolve));
  const request = (id: number, method: string) =>
    new Promise<{ usedSize?: number }>((resolve) => {
      pending.set(id, resolve);
      socket.send(JSON.stringify({ id, method }));
    });
  await request(1, 'HeapProfiler.collectGarbage');
  const { usedSize = 0 } = await request(2, 'Runtime.getHeapUsage');
  socket.close();
  return usedSize;
}
