import type { AuthError, AuthStatus } from '@auth/core';
import { html } from 'hono/html';

type Html = ReturnType<typeof html>;

/** The polls of the person who is signed in. */
export function pollsPage(username: string, titles: readonly string[]): Html {
  const items = titles.map((title) => html`<li>${title}</li>`);
  return layout(html`
    <p>Signed in as ${username}.</p>
    <ul>${items}</ul>
    <form method="post" action="/sign-out"><button>Sign out</button></form>`);
}

/** The form, and the reason it is shown: the error of this request, or an earlier refusal that still blocks. */
export function formPage(username: string, status: AuthStatus, error: AuthError): Html {
  // A pause that the server asked for is in the status; a pause of the login guard comes with the error.
  const retryAt = error.retryAt ?? status.retryAt;
  const text =
    retryAt === undefined ? reasonOf(status, error) : html`Too many attempts. Try again at ${time(retryAt)}.`;
  return layout(html`
    ${text === undefined ? '' : html`<p role="alert">${text}</p>`}
    <form method="post" action="/sign-in">
      <p>Account: ${username}</p>
      <label>Password <input type="password" name="password" autocomplete="current-password" required></label>
      <button ${retryAt === undefined ? '' : 'disabled'}>Sign in</button>
    </form>`);
}

function reasonOf({ blockedAt }: AuthStatus, { code, serverCode }: AuthError): Html | string | undefined {
  switch (code) {
    case 'invalid_credentials':
      if (serverCode === 'LOGIN_USER_NOT_VERIFIED')
        return 'This account is not confirmed yet. Follow the link in the e-mail from UniPoll.';
      return 'The password is wrong.';
    case 'login_blocked':
      return html`UniPoll refused the password at ${time(blockedAt)}. Nothing was sent since: enter the right one.`;
    case 'signed_out':
    case 'reauthentication_required':
      return undefined;
    default:
      return 'UniPoll does not answer. Try again later.';
  }
}

function time(at = 0): Html {
  const instant = new Date(at).toISOString();
  return html`<time datetime="${instant}">${instant.slice(11, 16)} UTC</time>`;
}

function layout(content: Html): Html {
  return html`<!doctype html>
<html lang="en">
  <head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>UniPoll</title></head>
  <body><h1>UniPoll</h1>${content}</body>
</html>`;
}
