// Vue: one client for the app, with the session as reactive values.
import { createClient } from 'bff-gateway/client';
import { ref } from 'vue';

export const client = createClient({
  // A rejected request waits until the user has signed in again, so that no input is lost.
  onUnauthenticated: () =>
    new Promise((again) => {
      const off = client.on('signedin', () => {
        off();
        again(true);
      });
    }),
});

/** The user; undefined if not signed in. */
export const user = ref();
/** `on`, `ending` or `ended`; undefined while loading. */
export const state = ref();

async function load() {
  user.value = await client.user();
  state.value ??= 'on';
}

export async function keepAlive() {
  await client.keepAlive();
  state.value = 'on';
}

client.on('signedin', () => {
  state.value = 'on';
  return load();
});
client.on('signedout', () => {
  state.value = 'ended';
});
client.on('expiring', ({ extendable }) => {
  if (extendable) state.value = 'ending';
});
load();
