// Vue: one client for the app; the composables use it.
import { createClient } from 'bff-gateway-client';
import { createBff } from 'bff-gateway-client/vue';
import { createApp } from 'vue';
import App from './App.vue';

const client = createClient({
  // A rejected request waits until the user has signed in again, so that no input is lost.
  onUnauthenticated: () =>
    new Promise((again) => {
      const off = client.on('signedin', () => {
        off();
        again(true);
      });
    }),
});

createApp(App).use(createBff(client)).mount('#app');
