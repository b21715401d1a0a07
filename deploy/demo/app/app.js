// The front end of the demo shop. It uses /client.js and /api, and never sees a token.
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
const seen = new Map();
let token;
/** Whether the session has ended while the page is open: the notice that says so stays until the next sign-in. */
let ended = false;

function notice(text, label, action) {
  const button = document.createElement('button');
  button.textContent = label;
  button.addEventListener('click', action);
  $('notice').replaceChildren(text, ...(label ? [button] : []));
}

function show(signedIn) {
  $('welcome').hidden = signedIn;
  $('signed-in').hidden = !signedIn;
  $('sign-in').hidden = signedIn;
  $('sign-out').hidden = !signedIn;
  $('who').hidden = !signedIn;
  $('about-user').hidden = !signedIn;
}

function noteToken(facts) {
  token = facts;
  if (!seen.has(facts.name)) seen.set(facts.name, seen.size + 1);
}

function drawToken() {
  if (!token) return;
  const left = Math.max(0, Math.round(token.expiresAt - Date.now() / 1000));
  const number = seen.get(token.name);
  $('token-count').textContent = `number ${number}`;
  $('token-life').textContent = left > 0 ? `valid for ${left} s; the gateway refreshes it in time` : 'expired; the next request refreshes it';
  $('token-bar').style.width = `${(100 * left) / (token.expiresAt - token.issuedAt)}%`;
}

function drawOrders(orders) {
  $('orders').replaceChildren(
    ...orders.map(({ item, at }) => {
      const row = document.createElement('li');
      const name = document.createElement('span');
      const time = document.createElement('time');
      name.textContent = item;
      time.dateTime = at;
      time.textContent = new Date(at).toLocaleTimeString();
      row.append(name, time);
      return row;
    }),
  );
}

/** Returns the JSON of a successful response; shows a notice for any other. */
async function read(response) {
  const body = await response.json().catch(() => ({}));
  if (response.ok) {
    noteToken(body.token);
    return body;
  }
  if (response.status === 403) notice('Not allowed: the access token lacks the scope. Sign in as another user.');
  else if (response.status === 503) notice('The service is unavailable. You are still signed in; try again in a moment.');
  else notice(body.error ?? body.title ?? `The API responded with ${response.status}.`);
}

async function loadOrders() {
  const body = await read(await client.fetch('/api/orders'));
  if (body) drawOrders(body.orders);
}

function showProfile(claims) {
  $('who').textContent = claims.name ?? claims.sub;
  const shown = ['name', 'preferred_username', 'roles', 'sub', 'iss'].filter((name) => claims[name] !== undefined);
  $('profile').replaceChildren(
    ...shown.flatMap((name) => {
      const term = document.createElement('dt');
      const value = document.createElement('dd');
      term.textContent = name;
      value.textContent = [claims[name]].flat().join(', ');
      return [term, value];
    }),
  );
}

function openLive() {
  const socket = new WebSocket(`${location.origin.replace(/^http/, 'ws')}/api/orders/live`);
  socket.addEventListener('message', ({ data }) => {
    const { at, orders } = JSON.parse(data);
    $('live').textContent = `${orders} ${orders === 1 ? 'order' : 'orders'} at ${new Date(at).toLocaleTimeString()}`;
  });
  socket.addEventListener('close', ({ code }) => {
    $('live').textContent = code === 4401 ? 'closed: the session ended' : 'closed';
    // The provider or another device may have ended the session: the client asks, and reports it.
    if (code === 4401) client.session().catch(() => {});
  });
}

$('order').addEventListener('submit', async (event) => {
  event.preventDefault();
  if (!ended) notice('');
  const item = $('item').value;
  const headers = { 'content-type': 'application/json' };
  const response = await client.fetch('/api/orders', { method: 'POST', body: JSON.stringify({ item }), headers });
  if (!(await read(response))) return;
  $('item').value = '';
  await loadOrders();
});

/** Removes what belongs to the user, who may have signed out in another tab or elsewhere; what was typed stays. */
function forget() {
  token = undefined;
  $('who').hidden = true;
  $('sign-out').hidden = true;
  $('about-user').hidden = true;
  drawOrders([]);
}

client.on('signedout', () => {
  ended = true;
  forget();
  notice('Your session has ended. What you typed is still here.', 'Sign in again', () => client.login({ popup: true }));
});
client.on('expiring', ({ extendable }) => {
  if (extendable) notice('Your session ends soon.', 'Stay signed in', () => client.keepAlive().then(() => notice('')));
});

/** Shows the page of the current user. */
async function draw() {
  const user = await client.user();
  show(user !== undefined);
  if (!user) return;
  showProfile(user);
  await loadOrders();
  openLive();
}

client.on('signedin', () => {
  ended = false;
  notice('');
  return draw();
});
$('sign-in').addEventListener('click', () => client.login());
$('start').addEventListener('click', () => client.login());
$('sign-out').addEventListener('click', () => client.logout());
setInterval(drawToken, 500);
setInterval(async () => {
  if (token && (await client.user())) await loadOrders();
}, 5_000);
await draw().catch(() => notice('The session store is unavailable. Try again in a moment.'));
