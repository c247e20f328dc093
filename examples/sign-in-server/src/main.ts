import { teletracker } from '@auth/bearer-login';
import { serve } from '@hono/node-server';
import { createApp } from './app.ts';

const { TELETRACKER_URL: baseUrl = teletracker().baseUrl, PORT: port = '3000' } = process.env;

const { fetch } = createApp(baseUrl);
const server = serve({ fetch, port: Number(port), hostname: '127.0.0.1' }, (address) => {
  console.log(`Listening on http://127.0.0.1:${address.port}`);
});
process.once('SIGTERM', () => server.close());
