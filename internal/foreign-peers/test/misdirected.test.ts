import { createPasswordRefreshAuth } from '@auth/password-refresh';
import { expect, test } from 'vitest';
import { fieldsOf, serve } from './support/loopback.js';

/** RFC 9110 section 15.5.20: the server has not worked on the request. The Fetch standard has it sent once more. */
test('a 421 of the token endpoint: Node sends the refresh once more by itself, and its answer counts', {
  tags: ['fault-129'],
}, async () => {
  const presented: (string | null)[] = [];
  let issued = 0;
  await using server = await serve(async (request) => {
    const refreshToken = (await fieldsOf(request)).get('refresh_token');
    if (refreshToken !== null) presented.push(refreshToken);
    if (presented.length === 1) return new Response('another origin', { status: 421 });
    const answer = {
      access_token: `access-${++issued}`,
      refresh_token: `refresh-${issued}`,
      expires_in: 3600,
    };
    return Response.json(answer);
  });
  const session = createPasswordRefreshAuth({ baseUrl: server.origin, username: 'ada', password: 'x' });
  await session.getTokens();
  expect((await session.getTokens({ forceRefresh: true })).accessToken).toBe('access-2');
  expect(presented).toEqual(['refresh-1', 'refresh-1']);
  await session.close();
});
