/** A minimal stack: express-session on Redis and http-proxy-middleware. */
import { RedisStore } from 'connect-redis';
import express from 'express';
import session from 'express-session';
import helmet from 'helmet';
import { createProxyMiddleware } from 'http-proxy-middleware';
import { Redis } from 'ioredis';

declare module 'express-session' {
  interface SessionData {
    accessToken?: string;
  }
}

const { PORT, REDIS_PORT, UPSTREAM, STREAMS, SAMPLE = '' } = process.env;
const client = new Redis({ port: Number(REDIS_PORT), replyMapping: 'legacy' });
const app = express();
const sessions = session({
  store: new RedisStore({ client }),
  secret: 'bench-secret-bench-secret-bench-00',
  name: 'sid',
  resave: false,
  saveUninitialized: false,
  cookie: { maxAge: 8 * 3600 * 1000, httpOnly: true, sameSite: 'lax' },
});
app.use(helmet(), sessions);
app.get('/login', async (req, res) => {
  const tokens = (await (await fetch(SAMPLE)).json()) as { access_token: string };
  Object.assign(req.session, tokens, { accessToken: tokens.access_token });
  req.session.save(() => res.redirect('/api/small.json'));
});
function proxy(target: string | undefined, ws = false) {
  return createProxyMiddleware<express.Request>({
    target: target ?? '',
    ws,
    xfwd: true,
    on: {
      proxyReq(request, req) {
        request.removeHeader('cookie');
        request.setHeader('authorization', `Bearer ${req.session?.accessToken}`);
      },
    },
  });
}
function signedIn(req: express.Request, res: express.Response, next: express.NextFunction): void {
  if (req.session.accessToken === undefined) res.sendStatus(401);
  else next();
}
app.use('/streams', signedIn, proxy(`${STREAMS}/streams`));
app.use('/api', signedIn, proxy(`${UPSTREAM}/api`));
app.listen({ port: Number(PORT), host: '127.0.0.1', backlog: 8192 });
