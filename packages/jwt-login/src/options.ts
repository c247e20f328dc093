import {
  assertOneOf,
  assertOptions,
  assertPath,
  assertSecret,
  assertText,
  invalidOption,
  type PasswordOptions,
  type Secret,
  type ServerLocation,
  type ServerLocationOptions,
} from '@auth/provider-utils';

/** How the refresh token is presented: in a header beside the access token, or in the form of the Postman endpoint. */
export type RefreshMode = 'headers' | 'postman';

/** Options of `jwtLoginProvider`. */
export interface JwtLoginProviderOptions extends PasswordOptions, ServerLocationOptions {
  /** The URL before /auth/jwt/login. */
  readonly baseUrl: string;
  /** What the token shall be good for: words between spaces. */
  readonly scope?: string | undefined;
  /** The account id given at registration. */
  readonly clientId?: string | undefined;
  /** The client's secret, where the server asks for one. */
  readonly clientSecret?: Secret | undefined;
  /** Which of UniPoll's two refresh endpoints is used. Default `headers`. */
  readonly refreshMode?: RefreshMode | undefined;
  /**
   * Path of the `postman` endpoint. Default `/auth/jwt/postman_refresh`, where UniPoll's server has it; the vendor's page
   * writes `postman-refresh`.
   */
  readonly postmanPath?: string | undefined;
}

/** What an account is made of. */
export interface JwtLoginSettings extends ServerLocation {
  readonly username: string;
  readonly password: Secret | undefined;
  readonly scope: string | undefined;
  readonly clientId: string | undefined;
  readonly clientSecret: Secret | undefined;
  readonly refreshMode: RefreshMode;
  readonly postmanPath: string;
}

/** @throws AuthError `invalid_options` naming the option */
export function assertJwtLoginOptions(options: JwtLoginProviderOptions): void {
  assertOptions(options);
  const { username, scope, clientId, clientSecret, refreshMode, postmanPath } = options;
  assertText('username', username);
  if (clientSecret !== undefined) assertSecret('clientSecret', clientSecret);
  if (refreshMode !== undefined) assertOneOf('refreshMode', refreshMode, ['headers', 'postman']);
  if (scope !== undefined) assertText('scope', scope);
  if (clientId !== undefined) assertText('clientId', clientId);
  if (refreshMode === 'postman' && clientId?.includes(':') === true)
    throw invalidOption('clientId', 'no colon: it is the user id of HTTP Basic in refreshMode postman');
  if (postmanPath !== undefined) assertPath('postmanPath', postmanPath);
}
