/** A connection to a browser by WebDriver BiDi (https://w3c.github.io/webdriver-bidi/), and the values that scripts return. */
import { once } from 'node:events';

/** The result of a command; its members depend on the command. */
type Result = Record<string, unknown>;

interface Reply {
  id?: number;
  type: 'success' | 'error' | 'event';
  result: Result;
  error?: string;
  message?: string;
}

export interface Bidi {
  /** Sends a command; rejects with the error that the browser reports, and when the connection ends. */
  send<Value extends object = Result>(method: string, params: object): Promise<Value>;
  close(): void;
}

/** Opens the connection and a session. */
export async function connectBidi(address: string): Promise<Bidi> {
  const socket = new WebSocket(`${address}/session`);
  await once(socket, 'open');
  const pending = new Map<number, { resolve(result: Result): void; reject(error: Error): void }>();
  let commands = 0;

  socket.addEventListener('message', ({ data }) => {
    const { id, type, result, error, message } = JSON.parse(String(data)) as Reply;
    const command = pending.get(id ?? -1);
    if (type === 'success') command?.resolve(result);
    else if (type === 'error') command?.reject(new Error(`${error}: ${message}`));
    if (id !== undefined) pending.delete(id);
  });
  socket.addEventListener('close', () => {
    for (const { reject } of pending.values()) reject(new Error('the browser closed the connection'));
  });

  async function send<Value extends object = Result>(method: string, params: object): Promise<Value> {
    const id = ++commands;
    const { promise, resolve, reject } = Promise.withResolvers<Result>();
    pending.set(id, { resolve, reject });
    socket.send(JSON.stringify({ id, method, params }));
    return (await promise) as Value;
  }

  await send('session.new', { capabilities: {} });
  return { send, close: () => socket.close() };
}

type Evaluation =
  | { type: 'success'; result: { value?: unknown; sharedId?: string } }
  | { type: 'exception'; exceptionDetails: { text: string } };

/** Evaluates an expression in a page, and awaits it. */
export async function evaluateIn(
  bidi: Bidi,
  context: string,
  expression: string,
): Promise<{ value?: unknown; sharedId?: string }> {
  const params = { expression, target: { context }, awaitPromise: true };
  const evaluation = await bidi.send<Evaluation>('script.evaluate', params);
  if (evaluation.type === 'exception') throw new Error(evaluation.exceptionDetails.text);
  return evaluation.result;
}
