for (const time of document.querySelectorAll('time'))
  time.textContent = new Date(time.dateTime).toLocaleString([], { dateStyle: 'medium', timeStyle: 'short' });
try {
  const count = document.querySelectorAll('.sessions li').length;
  const ended = Number(sessionStorage.getItem('bff-listed')) - count;
  sessionStorage.removeItem('bff-listed');
  addEventListener('submit', () => sessionStorage.setItem('bff-listed', count));
  if (ended > 0)
    document.querySelector('[role=status]').textContent = ended > 1 ? `${ended} sessions were ended.` : 'The session was ended.';
} catch {}
