/** A page of polls. All its tabs share one session: signing in or out in one tab does so in all. */
import { findAuthError } from '@auth/core';
import { createJwtLoginAuth } from '@auth/jwt-login';
import { webStore } from '@auth/store-web';

// The page's own server forwards this path to UniPoll, which allows no other origin.
const baseUrl = new URL('/unipoll', location.href).href;
const username = document.body.dataset['username'] ?? '';
const key = `unipoll ${username}`;
const store = webStore();
/** Without a password, because anybody can read a page's code. */
const session = createJwtLoginAuth({ baseUrl, username, store, key, refreshMode: 'postman' });

const form = document.querySelector('form') as HTMLFormElement;
const polls = document.querySelector('main') as HTMLElement;

const isSignedIn = async (): Promise<boolean> => (await session.status()).state === 'signed_in';
const wasSignedIn = await isSignedIn();
// Another tab wrote the record. Most writes are refreshes: reload only after a sign-in or a sign-out.
store.subscribe(key, async () => {
  if ((await isSignedIn()) !== wasSignedIn) location.reload();
});
form.addEventListener('submit', (event) => {
  event.preventDefault();
  void signIn().catch(complain);
});
polls.querySelector('button')?.addEventListener('click', () => void signOut().catch(complain));
if (wasSignedIn) await show().catch(complain);
else form.hidden = false;

async function show(): Promise<void> {
  const response = await session.fetch(`${baseUrl}/polls`);
  const titles = ((await response.json()) as { title: string }[]).map(({ title }) => title);
  const items = titles.map((title) => Object.assign(document.createElement('li'), { textContent: title }));
  polls.querySelector('ul')?.replaceChildren(...items);
  polls.hidden = false;
}

async function signIn(): Promise<void> {
  await session.signIn({ password: form.querySelector('input')?.value });
  location.reload();
}

async function signOut(): Promise<void> {
  await session.signOut();
  location.reload();
}

function complain(error: unknown): void {
  const code = findAuthError(error)?.code;
  if (code === undefined) throw error;
  form.hidden = false;
  const text = code === 'invalid_credentials' ? 'The password is wrong.' : `It did not work: ${code}.`;
  form.querySelector('p')?.replaceChildren(text);
}
