// The whole front end: it asks /session and /profile, calls /api, and never sees a token.
const $ = (id) => document.getElementById(id);
const call = (path, init = {}) => fetch(path, { ...init, headers: { 'X-CSRF': '1', ...init.headers } });

function show(signedIn, status) {
  $('signed-in').hidden = !signedIn;
  $('signed-out').hidden = signedIn;
  $('status').textContent = status;
}

async function loadOrders() {
  const answer = await call('/api/orders');
  if (answer.status === 401) return show(false, 'You were signed out.');
  if (!answer.ok) return show(true, `The orders API answered ${answer.status}.`);
  const rows = (await answer.json()).map(({ item, by }) => {
    const row = document.createElement('li');
    row.textContent = `${item}, ordered by ${by}`;
    return row;
  });
  $('orders').replaceChildren(...rows);
}

$('order').addEventListener('submit', async (event) => {
  event.preventDefault();
  const body = JSON.stringify({ item: $('item').value });
  const answer = await call('/api/orders', { method: 'POST', body, headers: { 'content-type': 'application/json' } });
  if (answer.ok) $('item').value = '';
  await loadOrders();
});

const session = await (await call('/session')).json();
if (session.authenticated) {
  const profile = await (await call('/profile')).json();
  $('sign-out').href = session.logoutUrl;
  show(true, `Signed in as ${profile.name ?? profile.sub}`);
  await loadOrders();
} else show(false, 'You are not signed in.');
