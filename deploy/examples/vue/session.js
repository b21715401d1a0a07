// Vue: one client for the app, its session as reactive values.
import { createClient } from 'bff-gateway/client';
import { ref } from 'vue';

export const client = createClient({
  // A call that is refused waits until the user is signed in again: nothing that was typed is lost.
  onUnauthenticated: () => new Promise((again) => client.on('signedin', () => again(true))),
});

/** Who is signed in; undefined for nobody. */
export const user = ref();
/** `on`, `ending` or `ended`; undefined as long as it is not known. */
export const state = ref();

async function look() {
  user.value = await client.user();
  state.value ??= 'on';
}

export async function keepAlive() {
  await client.keepAlive();
  state.value = 'on';
}

client.on('signedin', () => {
  state.value = 'on';
  return look();
});
client.on('signedout', () => {
  state.value = 'ended';
});
client.on('expiring', ({ extendable }) => {
  if (extendable) state.value = 'ending';
});
look();
