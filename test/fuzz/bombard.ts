/** Sends many requests as raw bytes over a few connections, and counts the responses. */
import { connectRaw, type RawClient } from '../support/raw.ts';

export interface Bombardment {
  /** Responses by status; `0` for a connection that was closed without one. */
  counts: Map<number, number>;
  /** The first few requests that got a 5xx. */
  faults: string[];
}

const CONNECTIONS = 24;

/** Sends one request on a connection that is reused if the server keeps it open; returns the status, or 0. */
async function exchange(client: RawClient, request: string): Promise<number> {
  try {
    await client.send(request);
    const method = request.startsWith('HEAD ') ? { method: 'HEAD' } : {};
    return (await client.response(method)).status;
  } catch {
    return 0;
  }
}

/** Sends all requests. Opens a new connection when the server closes one. */
export async function bombard(port: number, requests: readonly string[]): Promise<Bombardment> {
  const counts = new Map<number, number>();
  const faults: string[] = [];
  let next = 0;
  async function work(): Promise<void> {
    let client = await connectRaw(port);
    let used = false;
    while (next < requests.length) {
      const request = requests[next] ?? '';
      next += 1;
      let status = await exchange(client, request);
      if (status === 0 && used) {
        // The server may just have been closing the connection; only a new one shows whether there is a response.
        client.destroy();
        client = await connectRaw(port);
        status = await exchange(client, request);
      }
      used = true;
      counts.set(status, (counts.get(status) ?? 0) + 1);
      if (status >= 500 && faults.length < 5) faults.push(`${status}: ${JSON.stringify(request)}`);
      if (status === 0 || client.closed()) {
        client.destroy();
        client = await connectRaw(port);
        used = false;
      }
    }
    client.destroy();
  }
  await Promise.all(Array.from({ length: CONNECTIONS }, work));
  return { counts, faults };
}
