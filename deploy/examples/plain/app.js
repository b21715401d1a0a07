// A page without a framework or a build step: the gateway serves the client module.
import { createClient } from '/client.js';

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
const $ = (id) => document.getElementById(id);

async function show() {
  const user = await client.user();
  $('who').textContent = user ? `Signed in as ${user.preferred_username}` : '';
  $('sign-in').hidden = Boolean(user);
  $('sign-out').hidden = $('order').hidden = !user;
}

client.on('signedin', () => {
  $('ended').hidden = $('ending').hidden = true;
  return show();
});
client.on('signedout', () => {
  $('ending').hidden = true;
  $('ended').hidden = false;
});
client.on('expiring', ({ extendable }) => {
  $('ending').hidden = !extendable;
});

$('sign-in').addEventListener('click', () => client.login());
$('sign-out').addEventListener('click', () => client.logout());
$('ended').querySelector('button').addEventListener('click', () => client.login({ popup: true }));
$('ending').querySelector('button').addEventListener('click', async () => {
  await client.keepAlive();
  $('ending').hidden = true;
});
$('order').addEventListener('submit', async (event) => {
  event.preventDefault();
  $('result').textContent = 'Sending …';
  const response = await client.fetch('/api/orders', { method: 'POST', body: JSON.stringify({ item: $('item').value }) });
  if (response.ok) $('item').value = '';
  $('result').textContent = response.ok ? `Ordered by ${(await response.json()).user}.` : `The API responded with ${response.status}.`;
});

await show();
