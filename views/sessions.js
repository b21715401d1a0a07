const { lang } = document.documentElement;
const base = (tag) => tag.split('-')[0];
// The user's own region of the language of the page, such as the order of day and month in Britain.
const tags = [...navigator.languages.filter((tag) => base(tag) === base(lang)), lang];
for (const time of document.querySelectorAll('time'))
  time.textContent = new Date(time.dateTime).toLocaleString(tags, { dateStyle: 'medium', timeStyle: 'short' });
try {
  const count = document.querySelectorAll('.sessions li').length;
  const ended = Number(sessionStorage.getItem('bff-listed')) - count;
  sessionStorage.removeItem('bff-listed');
  addEventListener('submit', () => sessionStorage.setItem('bff-listed', count));
  const status = document.querySelector('[role=status]');
  if (ended > 0) status.textContent = ended > 1 ? status.dataset.many.replace('#', ended) : status.dataset.one;
} catch {}
