/** Keeps the tabs of a browser in step: each notifies the others of a change, and checks again when it becomes visible. */
import type { Page } from './types.ts';

/** `onChange` gets the mark of the session in another tab, or nothing when this tab became visible. */
export function createTabSync({ document, BroadcastChannel }: Page, onChange: (mark?: string) => void) {
  const channel = new BroadcastChannel('bff-gateway');
  /** The page is being left after a sign-out: it follows no other tab any more, unless it is shown again. */
  let leaving = false;

  const notifyTabs = (mark: string) => channel.postMessage(mark);

  const onVisible = () => {
    if (document.visibilityState !== 'visible') return;
    leaving = false;
    onChange();
  };
  document.addEventListener('visibilitychange', onVisible);
  channel.addEventListener('message', (event) => leaving || onChange((event as MessageEvent).data));

  return {
    notifyTabs,
    leaveTab() {
      leaving = true;
      notifyTabs('');
    },
    closeTab() {
      document.removeEventListener('visibilitychange', onVisible);
      channel.close();
    },
  };
}
