/**
 * A local program for one person: shows their polls, or a form to sign in. Anybody who reaches the program can use the
 * account, so it listens on loopback only; the example sign-in-server serves several people.
 */
import { type AuthError, findAuthError } from '@auth/core';
import { createJwtLoginAuth } from '@auth/jwt-login';
import { serve } from '@hono/node-server';
import { type Context, Hono } from 'hono';
import { csrf } from 'hono/csrf';
import { formPage, pollsPage } from './page.ts';

const { UNIPOLL_URL: baseUrl = '', UNIPOLL_USERNAME: username = '', PORT: port = '3000' } = process.env;
/** Optional: without it the form is the only way to sign in. */
const { UNIPOLL_PASSWORD: password } = process.env;
const session = createJwtLoginAuth({ baseUrl, username, password, refreshMode: 'postman' });

const app = new Hono();
// A page whose name leads here by DNS would name itself, and `csrf` compares only Host and Origin.
app.use(async ({ req, text }, next) => {
  const isOurs = /^(127\.0\.0\.1|localhost)(:\d+)?$/.test(req.header('host') ?? '');
  return isOurs ? next() : text('unknown host', 403);
});
app.use(csrf());

app.get('/', async (context) => {
  try {
    // Where a login was refused before, this sends nothing and throws login_blocked.
    const response = await session.fetch(`${baseUrl}/polls`);
    const polls: { title: string }[] = await response.json();
    const titles = polls.map(({ title }) => title);
    return context.html(pollsPage(username, titles));
  } catch (error) {
    return showForm(context, authErrorOf(error));
  }
});

app.post('/sign-in', async (context) => {
  const { password: entered } = await context.req.parseBody();
  if (typeof entered !== 'string' || entered === '') return context.redirect('/', 303);
  try {
    await session.signIn({ password: entered }); // used once and not kept
    return context.redirect('/', 303);
  } catch (error) {
    return showForm(context, authErrorOf(error));
  }
});

app.post('/sign-out', async (context) => {
  await session.signOut();
  return context.redirect('/', 303);
});

async function showForm(context: Context, error: AuthError): Promise<Response> {
  const refused = context.req.method === 'POST' ? 422 : 200;
  const page = formPage(username, await session.status(), error);
  return context.html(page, error.retryable ? 503 : refused);
}

function authErrorOf(error: unknown): AuthError {
  const found = findAuthError(error);
  if (found === undefined) throw error;
  return found;
}

const server = serve({ fetch: app.fetch, port: Number(port), hostname: '127.0.0.1' }, (address) => {
  console.log(`Open http://127.0.0.1:${address.port}`);
});
process.once('SIGTERM', () => server.close());
