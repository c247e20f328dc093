import type { Presented } from './token-book.js';
import type { TokenResult, Vendor } from './vendor.js';
import { json } from './wire-kit.js';

/** A client that the server knows. */
export interface Client {
  readonly clientId: string;
  readonly clientSecret: string;
}

type Form = ReadonlyMap<string, string>;

/**
 * What Keycloak does at a token call, whatever the path: statuses, words and what ends a session are as seen from version
 * 26.7.3 with rotation and brute-force protection.
 */
export class Keycloak {
  readonly #vendor: Vendor;
  readonly #client: Client;

  constructor(vendor: Vendor, client: Client) {
    this.#vendor = vendor;
    this.#client = client;
  }

  login(form: Form): TokenResult {
    const account = form.get('username');
    const wrongClient = this.#refusedClient(form);
    if (wrongClient !== undefined) return wrongClient;
    // A wrong code counts towards the lock like a wrong password (AuthenticationProcessor.logFailure).
    const hasCode = (): boolean => this.#vendor.takeCode(form.get('otp') ?? form.get('totp'));
    const verdict = this.#vendor.accounts.checkPassword(account, form.get('password'), hasCode);
    if (verdict === 'disabled') return refused(400, 'invalid_grant', 'Account disabled');
    if (verdict === 'not_set_up') return refused(400, 'invalid_grant', 'Account is not fully set up');
    if (verdict === 'right') return this.#grant(account as string);
    // A locked account and a wrong code are told from a wrong password by nobody but an administrator.
    const outcome = verdict === 'locked' ? 'locked' : 'refused';
    return { ...refused(400, 'invalid_grant', 'Invalid user credentials'), outcome };
  }

  refresh(form: Form, presented: Presented): TokenResult {
    // A refused client does not spend the refresh token.
    const wrongClient = this.#refusedClient(form);
    if (wrongClient !== undefined) return wrongClient;
    const { tokens } = this.#vendor;
    if (presented.state === 'unknown') return refused(400, 'invalid_grant', 'Invalid refresh token');
    if (presented.state === 'revoked') return refused(400, 'invalid_grant', 'Session not active');
    if (presented.state === 'spent') {
      // The token may be stolen: the session ends, its newest token included.
      tokens.endSession(presented.session);
      const text = 'Maximum allowed refresh token reuse exceeded';
      return { ...refused(400, 'invalid_grant', text), outcome: 'reused' };
    }
    if (presented.state === 'expired') return refused(400, 'invalid_grant', 'Token is not active');
    if (this.#vendor.accounts.stateOf(presented.account) === 'disabled')
      return refused(400, 'invalid_grant', 'User disabled');
    tokens.spend(form.get('refresh_token') as string);
    return this.#grant(presented.account, presented.session);
  }

  /** RFC 7009: 200 with an empty body, for a token that the server does not know too. */
  revoke(form: Form | undefined): TokenResult {
    const token = form?.get('token');
    if (form === undefined || token === undefined)
      return malformed(400, 'invalid_request', 'Token not provided');
    const wrongClient = this.#refusedClient(form);
    if (wrongClient !== undefined) return wrongClient;
    const session = this.#vendor.tokens.sessionOf(token);
    if (session !== undefined) this.#vendor.tokens.endSession(session);
    return { outcome: 'revoked', response: new Response(null, { status: 200 }) };
  }

  #refusedClient(form: Form): TokenResult | undefined {
    const text = 'Invalid client or Invalid client credentials';
    if (form.get('client_id') !== this.#client.clientId) return refused(401, 'invalid_client', text);
    if (form.get('client_secret') === this.#client.clientSecret) return undefined;
    return refused(401, 'unauthorized_client', text);
  }

  #grant(account: string, session?: string): TokenResult {
    const { accessTokenLifetimeMs, refreshTokenLifetimeMs } = this.#vendor.settings;
    const issued = this.#vendor.issueJwts(account, session);
    const answer = {
      access_token: issued.accessToken,
      expires_in: accessTokenLifetimeMs / 1000,
      refresh_expires_in: refreshTokenLifetimeMs / 1000,
      refresh_token: issued.refreshToken,
      token_type: 'Bearer',
      'not-before-policy': 0,
      session_state: issued.session,
      scope: 'email profile',
    };
    return { outcome: 'issued', issued: issued.refreshId, response: this.#vendor.tokenAnswer(answer) };
  }
}

function refused(status: number, error: string, error_description: string): TokenResult {
  return { outcome: 'refused', response: json(status, { error, error_description }) };
}

export function malformed(status: number, error: string, error_description: string): TokenResult {
  return { outcome: 'malformed', response: json(status, { error, error_description }) };
}

/** What a Keycloak's own API, or one behind it, answers to a dead token (RFC 6750 section 3). */
export function unauthorized(): Response {
  return json(401, { error: 'invalid_token' }, { 'www-authenticate': 'Bearer error="invalid_token"' });
}
