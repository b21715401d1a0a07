/** State of the session in this tab: read from the gateway, kept in step with the other tabs, followed until it expires. */
import type { Events } from './base/events.ts';
import type { Memory } from './base/memory.ts';
import { singleFlight } from './base/single-flight.ts';
import type { Page, Session } from './base/types.ts';
import { createExpiryTimer } from './expiry-timer.ts';
import type { GatewayRequests } from './gateway-requests.ts';
import { createKnownSession } from './known-session.ts';
import { createSessionReads } from './session-reads.ts';
import { createSignOutGuard } from './sign-out-guard.ts';
import { createTabSync } from './window/tab-sync.ts';

export type SessionState = ReturnType<typeof createSessionState>;

const RETRY_DELAY_MS = 10_000;
const SECOND_MS = 1000;

/** When to read again after a failure: as the gateway asks, later by chance, so that tabs and browsers spread out. */
function retryDelay(error: unknown): number {
  const { cause } = Object(error) as { cause?: Partial<Response> };
  const asked = Number(cause?.headers?.get('retry-after')) * SECOND_MS;
  return (asked || RETRY_DELAY_MS) * (1 + Math.random() / 2);
}

export function createSessionState(
  page: Page,
  requests: GatewayRequests,
  events: Events,
  memory: Memory,
  expiringBefore: number,
) {
  /** The last message of another tab that no read has followed. */
  let heard: string | undefined;
  /** Whether another tab caused the read that is under way. */
  let quiet = false;
  const closing = new AbortController();
  const closeSignal: AbortSignal = closing.signal;
  const { scheduleRead, watchExpiry, stopTimer } = createExpiryTimer(refresh, expiringBefore, events.emitEvent);
  const { notifyTabs, closeTab } = createTabSync(page, requests.basePath, onMessage, () => {
    if (reads.readCount() > 0 && !guard.isLeaving()) refresh();
  });
  const known = createKnownSession(events, (mark) => {
    guard.onSession(mark);
    // After a message of another tab the tabs know already.
    if (!quiet) notifyTabs(mark);
  });
  const guard = createSignOutGuard(notifyTabs, memory, known.sessionMark);
  const reads = createSessionReads(requests, (session, now) => {
    if (closeSignal.aborted) return;
    known.update(session);
    watchExpiry(session, now);
  });
  const firstRead = singleFlight<void, Session>(reads.readSession);

  const isNews = () => heard !== known.sessionMark();

  /** Reads again in the background; reasons that arrive during a read cause at most one more. */
  const refreshOnce = singleFlight<void, void>(async () => {
    try {
      if (known.sessionMark() === undefined) await reads.lastRead();
      // A message that arrived during the first read may tell what that read has found.
      for (let due = isNews(); due; due = heard !== undefined && isNews() && !closeSignal.aborted) {
        quiet = heard !== undefined;
        heard = undefined;
        await reads.readSession();
      }
    } catch (error) {
      if (!closeSignal.aborted) scheduleRead(retryDelay(error));
    }
    quiet = false;
    heard = undefined;
  });

  function refresh(): void {
    void refreshOnce();
  }

  /** A message of another tab only triggers a read: it is not trusted. */
  function onMessage(message: string): void {
    if (guard.onMessage(message) || reads.readCount() === 0 || message === known.sessionMark()) return;
    heard = message;
    refresh();
  }

  return {
    ...known,
    ...reads,
    closeSignal,
    signOutGuard: guard,
    /** The last state; read if there is none yet. */
    knownSession: async () => known.currentSession() ?? firstRead(),
    /** The state that the application knows; read if there is none yet. */
    firstBelieved: async () => known.believedSession() ?? firstRead(),
    /** The page stays, after it was to be left for a sign-out. */
    resume() {
      guard.endLeaving();
      if (!closeSignal.aborted) refresh();
    },
    notifySignOut() {
      stopTimer();
      reads.discardReads();
      notifyTabs('');
    },
    closeState() {
      closing.abort();
      stopTimer();
      closeTab();
    },
  };
}
