// The front end of the desk: the orders of all users, for employees with the scope read:all.
import { createClient } from '/client.js';

const client = createClient();
const $ = (selector) => document.querySelector(selector);

function rowOf({ user, item, at }) {
  const row = document.createElement('tr');
  row.append(
    ...[user, item, new Date(at).toLocaleTimeString()].map((text) => {
      const cell = document.createElement('td');
      cell.textContent = text;
      return cell;
    }),
  );
  return row;
}

async function draw() {
  const user = await client.user();
  $('#sign-in').hidden = user !== undefined;
  $('#sign-out').hidden = $('#who').hidden = user === undefined;
  $('#who').textContent = user?.name ?? '';
  $('table').hidden = true;
  if (!user) return void ($('#notice').textContent = 'Sign in to see the orders.');
  const response = await client.fetch('/api/all-orders');
  if (!response.ok) {
    $('#notice').textContent =
      response.status === 403 ? 'Not allowed: only the desk sees the orders of all users.' : `The API responded with ${response.status}.`;
    return;
  }
  const { orders } = await response.json();
  $('#notice').textContent = orders.length === 0 ? 'No user has opened the shop yet.' : '';
  $('#orders').replaceChildren(...orders.map(rowOf));
  $('table').hidden = orders.length === 0;
}

client.on('signedin', draw);
client.on('signedout', draw);
$('#sign-in').addEventListener('click', () => client.login());
$('#sign-out').addEventListener('click', () => client.logout());
await draw().catch(() => {
  $('#notice').textContent = 'The session store is unavailable. Try again in a moment.';
});
