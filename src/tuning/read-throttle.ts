/** Read throttle of the public port: under load, a connection that got its response waits before its next request is read. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/**
 * While this many requests are in progress, connections are queued after their response. An unread request waits in the kernel and costs nothing here. A
 * thousand requests in progress fill the young generation, and each collection copies all of them
 * (docs/decisions/0012-turns.md).
 */
const MAX_ACTIVE_REQUESTS = 256;
/** Connections resumed in each turn of the event loop, so that requests to a slow upstream never block the queue. */
const MIN_RESUMED_PER_TURN = 16;
/**
 * A connection is queued no longer than this and one turn. Hostile requests that hang keep the throttle active, and a process
 * that gets little CPU time has few turns: the queue would grow until connections time out with a request unread.
 */
const MAX_QUEUED_MS = 500;
/** If this many connections arrive in one turn, their first requests are served before further requests of others. */
const RUSH_THRESHOLD = 16;

export interface ReadThrottle {
  /** To be called with each new connection. */
  onConnection(): void;
  /** To be called with the response of each request when the request starts. */
  onRequest(res: ServerResponse): void;
  /** Resumes all connections and pauses no more of them: a listener that drains has to read what was sent. */
  release(): void;
}

/** Notices when many connections arrive. */
function createRushDetector() {
  let newConnections = 0;
  let active = false;

  function endTurn(): void {
    active = newConnections >= RUSH_THRESHOLD;
    newConnections = 0;
    if (active) setImmediate(endTurn);
  }

  return {
    active: () => active,
    onConnection(): void {
      newConnections += 1;
      if (newConnections === 1 && !active) setImmediate(endTurn);
    },
  };
}

/** The throttle of one listener. */
export function createReadThrottle(): ReadThrottle {
  const queue: { readonly socket: Socket; readonly since: number }[] = [];
  const rush = createRushDetector();
  let activeRequests = 0;
  let released = false;

  function resumeNext(): void {
    const free = rush.active() ? 0 : MAX_ACTIVE_REQUESTS - activeRequests;
    const overdue = performance.now() - MAX_QUEUED_MS;
    let count = Math.max(MIN_RESUMED_PER_TURN, free);
    while ((queue[count]?.since ?? Number.POSITIVE_INFINITY) <= overdue) count += 1;
    for (const { socket } of queue.splice(0, count)) socket.resume();
    if (queue.length > 0) setImmediate(resumeNext);
  }

  /** `this` is the response, so that no closure is created for each request. */
  function onClose(this: ServerResponse & { req: IncomingMessage }): void {
    activeRequests -= 1;
    if (released || (activeRequests < MAX_ACTIVE_REQUESTS && queue.length === 0 && !rush.active())) return;
    const { socket } = this.req;
    if (!this.writableFinished || socket.destroyed || !socket.writable) return;
    // Pipelined responses: one connection is in the queue once.
    if (socket.isPaused()) return;
    socket.pause();
    queue.push({ socket, since: performance.now() });
    // If the queue was not empty, resumeNext is already scheduled.
    if (queue.length === 1) setImmediate(resumeNext);
  }

  return {
    onConnection: rush.onConnection,
    onRequest(res) {
      activeRequests += 1;
      res.on('close', onClose);
    },
    release() {
      released = true;
      for (const { socket } of queue.splice(0)) socket.resume();
    },
  };
}
