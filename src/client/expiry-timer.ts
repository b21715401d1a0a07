/** Timer of the session: warns before it expires, and reads it again when it is due. */
import type { Events } from './base/events.ts';
import type { Session } from './base/types.ts';

const SECOND_MS = 1000;
/** A browser takes up to 2 ** 31 - 1. */
const MAX_TIMER_MS = 2_000_000_000;

export function createExpiryTimer(refresh: () => void, expiringBefore: number, emitEvent: Events['emitEvent']) {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let warned = false;

  const stopTimer = () => clearTimeout(timer);

  /** Reads the session again after `delay` milliseconds. */
  function scheduleRead(delay: number): void {
    stopTimer();
    timer = setTimeout(refresh, Math.min(Math.max(delay, SECOND_MS), MAX_TIMER_MS));
  }

  /** Follows a session; `now` is the time of the gateway. */
  function watchExpiry(session: Session, now: number): void {
    stopTimer();
    if (!session.authenticated) return;
    const left = Date.parse(session.idleExpiresAt) - now;
    const untilWarning = left - expiringBefore * SECOND_MS;
    const expiring = untilWarning <= 0;
    // Read again at that time: a request of another tab may have extended the session.
    scheduleRead(expiring ? left : untilWarning);
    if (expiring && !warned)
      emitEvent('expiring', {
        at: new Date(Date.now() + left),
        extendable: session.idleExpiresAt < session.expiresAt,
      });
    warned = expiring;
  }

  return { scheduleRead, watchExpiry, stopTimer };
}
