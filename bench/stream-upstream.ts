/** An upstream that echoes WebSocket messages and sends ten events a second to each event stream. */
import { createServer, type ServerResponse } from 'node:http';
import { WebSocketServer } from 'ws';

const streams = new Set<ServerResponse>();
const server = createServer((_req, res) => {
  res.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
  res.write(': here\n\n');
  streams.add(res);
  res.on('close', () => streams.delete(res));
});
new WebSocketServer({ server }).on('connection', (socket) => {
  socket.on('message', (message, binary) => socket.send(message, { binary }));
});
setInterval(() => {
  for (const stream of streams) stream.write(`data: ${performance.timeOrigin + performance.now()}\n\n`);
}, 100);
server.listen({ port: Number(process.env.PORT), host: '127.0.0.1', backlog: 8192 });
