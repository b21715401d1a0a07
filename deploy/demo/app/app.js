// The demo shop's front end: it knows /session, /profile, /login, /logout and /api, and never a token.
const $ = (id) => document.getElementById(id);
const DRAFT = 'draft-order';
const seen = new Map();
let csrf = { name: 'X-CSRF', value: '1' };
let token;

/** A call with the CSRF header. */
function call(path, init = {}) {
  return fetch(path, { ...init, headers: { accept: 'application/json', [csrf.name]: csrf.value, ...init.headers } });
}

function notice(text) {
  $('notice').textContent = text;
}

function show(signedIn) {
  $('welcome').hidden = signedIn;
  $('signed-in').hidden = !signedIn;
  $('sign-in').hidden = signedIn;
  $('sign-out').hidden = !signedIn;
  $('who').hidden = !signedIn;
}

/** The session is over: say so, and keep what was typed for after the next sign-in. */
function signedOut() {
  show(false);
  if ($('item').value) {
    sessionStorage.setItem(DRAFT, $('item').value);
    notice('You were signed out. Sign in again; your order is kept.');
  }
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
  $('token-life').textContent = left > 0 ? `valid for ${left} s; the gateway renews it in time` : 'lapsed; the next call renews it';
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

/** What an answer of the API means for the page; returns its JSON when it is a good one. */
async function read(answer) {
  if (answer.status === 401) return signedOut();
  const body = await answer.json().catch(() => ({}));
  if (answer.ok) {
    noteToken(body.token);
    return body;
  }
  if (answer.status === 403) notice('You may not do this: the access token lacks the scope. Try another user.');
  else if (answer.status === 503) notice('The service takes a short break. Your session is safe; try again in a moment.');
  else notice(body.error ?? body.title ?? `The API answered ${answer.status}.`);
}

async function loadOrders() {
  const body = await read(await call('/api/orders'));
  if (body) drawOrders(body.orders);
}

async function loadProfile() {
  const answer = await call('/profile');
  if (!answer.ok) return;
  const claims = await answer.json();
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
  });
}

$('order').addEventListener('submit', async (event) => {
  event.preventDefault();
  notice('');
  const item = $('item').value;
  const answer = await call('/api/orders', { method: 'POST', body: JSON.stringify({ item }), headers: { 'content-type': 'application/json' } });
  if (!(await read(answer))) return;
  $('item').value = '';
  sessionStorage.removeItem(DRAFT);
  await loadOrders();
});

async function start() {
  const answer = await call('/session');
  if (!answer.ok) return notice('The session service takes a short break; try again in a moment.');
  const session = await answer.json();
  csrf = session.csrfHeader;
  show(session.authenticated);
  if (!session.authenticated) return;
  $('sign-out').href = session.logoutUrl;
  $('item').value = sessionStorage.getItem(DRAFT) ?? '';
  await Promise.all([loadProfile(), loadOrders()]);
  openLive();
  setInterval(drawToken, 500);
  setInterval(loadOrders, 5_000);
}

await start();
