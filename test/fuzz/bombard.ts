/** Sends many requests as raw bytes over a few connections, and counts what is answered. */
import { connectRaw, type RawClient } from '../support/raw.ts';

export interface Bombardment {
  /** Answers by status; `0` for a connection that was closed without one. */
  counts: Map<number, number>;
  /** The first few requests that were answered with a fault of the server. */
  faults: string[];
}

const CONNECTIONS = 24;

/** One request on a connection that is kept if the server keeps it; the status, or 0. */
async function exchange(client: RawClient, request: string): Promise<number> {
  try {
    await client.send(request);
    const method = request.startsWith('HEAD ') ? { method: 'HEAD' } : {};
    return (await client.response(method)).status;
  } catch {
    return 0;
  }
}

/** Sends them all. A connection that the server closes is opened anew. */
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
        // The server was just closing the connection: on a new one the request is answered, or really not.
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
