/** Events of the client, and the listeners of the application. */
import type { Client, ClientEvents } from './types.ts';

export interface Events {
  emitEvent<Type extends keyof ClientEvents>(type: Type, detail: ClientEvents[Type]): void;
  addListener: Client['on'];
}

export function createEvents(): Events {
  const events = new EventTarget();
  return {
    emitEvent: (type, detail) => events.dispatchEvent(new CustomEvent(type, { detail })),
    addListener(type, listener) {
      const onEvent = (event: Event) => listener((event as CustomEvent).detail);
      events.addEventListener(type, onEvent);
      return () => events.removeEventListener(type, onEvent);
    },
  };
}
