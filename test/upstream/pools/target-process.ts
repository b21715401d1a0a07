/** A target of its own process: answers every request, tells the parent about it, and ends its requests before it stops. */
import { createServer } from 'node:http';

const [host = '127.0.0.1', port = '0'] = process.argv.slice(2);
let status = 200;

const server = createServer((req, res) => {
  req.resume().once('end', () => {
    process.send?.({ method: req.method, id: req.headers['x-id'], host: req.headers.host });
    res.writeHead(status, server.listening ? {} : { connection: 'close' }).end(`from ${host}`);
  });
});
process.on('message', (message: { status: number }) => {
  status = message.status;
});
process.on('SIGTERM', () => {
  server.close(() => process.exit(0));
  server.closeIdleConnections();
});
server.listen(Number(port), host, () => process.send?.({ listening: true }));
