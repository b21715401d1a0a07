// The whole front end. It uses /session, /profile and /api, and never sees a token.
const $ = (id) => document.getElementById(id);
const request = (path, init = {}) => fetch(path, { ...init, headers: { 'X-CSRF': '1', ...init.headers } });

function show(signedIn, status) {
  $('signed-in').hidden = !signedIn;
  $('signed-out').hidden = signedIn;
  $('status').textContent = status;
}

async function loadOrders() {
  const response = await request('/api/orders');
  if (response.status === 401) return show(false, 'Your session has ended.');
  if (!response.ok) return show(true, `The orders API responded with ${response.status}.`);
  const rows = (await response.json()).map(({ item, by }) => {
    const row = document.createElement('li');
    row.textContent = `${item}, ordered by ${by}`;
    return row;
  });
  $('orders').replaceChildren(...rows);
}

$('order').addEventListener('submit', async (event) => {
  event.preventDefault();
  const body = JSON.stringify({ item: $('item').value });
  const response = await request('/api/orders', { method: 'POST', body, headers: { 'content-type': 'application/json' } });
  if (response.ok) $('item').value = '';
  await loadOrders();
});

const session = await (await request('/session')).json();
if (session.authenticated) {
  const profile = await (await request('/profile')).json();
  $('sign-out').href = session.logoutUrl;
  show(true, `Signed in as ${profile.name ?? profile.sub}`);
  await loadOrders();
} else show(false, 'You are not signed in.');
