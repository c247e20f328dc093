import { createAuthSession } from '@auth/core';

const { apiUrl, baseUrl, username, password } = JSON.parse(process.env['LOGIN'] ?? '{}');
const session = createAuthSession({
  name: 'own',
  issuer: baseUrl,
  account: username,
  allowedOrigins: [new URL(baseUrl).origin],
  prepareLogin: () => ({
    secrets: [password],
    login: async ({ fetch, signal }) => {
      const body = new URLSearchParams({ grant_type: 'password', username, password });
      const answer = await fetch(`${baseUrl}/auth/jwt/login`, { method: 'POST', body, signal });
      return { accessToken: ((await answer.json()) as { access_token: string }).access_token };
    },
  }),
});
const response = await session.fetch(apiUrl);
if (!response.ok) throw new Error(`the API answered ${response.status}`);
session.dispose();
