import { requestTokens } from '@auth/provider-utils';

const { baseUrl, username, password } = JSON.parse(process.env['LOGIN'] ?? '{}');
const tokens = await requestTokens(
  {
    provider: 'own',
    phase: 'login',
    url: `${baseUrl}/auth/jwt/login`,
    body: new URLSearchParams({ grant_type: 'password', username, password }),
    parse: ({ body }) => ({ accessToken: (body as { access_token: string }).access_token }),
    isRefused: ({ status }) => status === 400,
  },
  { fetch, signal: AbortSignal.timeout(10_000) },
);
if (tokens.accessToken === '') throw new Error('no token');
