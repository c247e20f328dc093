import { createJwtLoginAuth, type JwtLoginAuthOptions } from '@auth/jwt-login';
import createClient, { type Client } from 'openapi-fetch';
import type { paths } from '../dist/unipoll.d.ts';

/** UniPoll's API with the types of its OpenAPI file: paths, parameters, bodies and answers. */
export function createUnipoll(options: JwtLoginAuthOptions): Client<paths> {
  // The way of refreshing that works at UniPoll.
  const session = createJwtLoginAuth({ refreshMode: 'postman', ...options });
  return createClient<paths>({ baseUrl: options.baseUrl, fetch: session.fetch });
}
