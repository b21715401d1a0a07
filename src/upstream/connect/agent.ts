/** An agent of node:http whose connections are opened as those of the routes are. */
import { Agent } from 'node:http';
import { Agent as TlsAgent } from 'node:https';
import { type ConnectOptions, createConnect } from './connect.ts';

/** Creates an agent without keep-alive for one origin. A connection must be established within `timeoutMs`. */
export function createAgent(options: ConnectOptions, timeoutMs: number): Agent {
  const connect = createConnect(options);
  const agent = options.origin.startsWith('https:') ? new TlsAgent() : new Agent();
  agent.createConnection = (_request, callback) => {
    let over = false;
    const end = (notify: () => void) => {
      if (over) return;
      over = true;
      clearTimeout(timer);
      notify();
    };
    // The agent ignores the second argument after an error.
    const fail = (error: Error) => end(() => callback?.(error, undefined as never));
    const connecting = connect({
      onConnected: (socket) => end(() => callback?.(null, socket)),
      onFailed: (error) => fail(error ?? new Error('the connection closed while connecting')),
    });
    const timer = setTimeout(() => {
      connecting.cancel();
      fail(Object.assign(new Error('no connection within the time limit'), { code: 'ETIMEDOUT' }));
    }, timeoutMs).unref();
    return undefined;
  };
  return agent;
}
