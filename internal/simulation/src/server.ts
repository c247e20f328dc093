import type { Plan, Rotation } from './plan.ts';
import type { World } from './world.ts';

interface Family {
  isAlive: boolean;
}

interface Grant {
  readonly accessToken: string;
  readonly refreshToken: string;
  readonly accessEndsAt: number;
  readonly family: Family;
  isAccessRevoked: boolean;
  spentAt: number | undefined;
  successor: Grant | undefined;
}

/** The server's answer to a token call. */
export type Answer =
  | {
      readonly kind: 'issued';
      readonly accessToken: string;
      readonly refreshToken: string;
      readonly expiresInMs: number | undefined;
    }
  | { readonly kind: 'refused' | 'revoked' | 'client_refused' }
  | { readonly kind: 'broken'; readonly status: number };

const graceMs = 2_000;

/** A provider's token server, with the tokens it honours and the password it accepts. */
export class Server {
  readonly #world: World;
  readonly #rotation: Rotation;
  readonly #accessLifeMs: number;
  readonly #byRefreshToken = new Map<string, Grant>();
  readonly #byAccessToken = new Map<string, Grant>();
  readonly #tellsLife: boolean;
  #issued = 0;
  password = 'right';
  clientSecret = 'client';
  /** What the refresh endpoint answers to everything. */
  brokenStatus: number | undefined;

  constructor(
    world: World,
    { rotation, accessLifeMs, tellsLife }: Pick<Plan, 'rotation' | 'accessLifeMs' | 'tellsLife'>,
  ) {
    this.#world = world;
    this.#tellsLife = tellsLife;
    this.#rotation = rotation;
    this.#accessLifeMs = accessLifeMs;
  }

  login(password: string, clientSecret: string): Answer {
    if (clientSecret !== this.clientSecret) return { kind: 'client_refused' };
    if (password !== this.password) return { kind: 'refused' };
    return this.#answer(this.#issue({ isAlive: true }));
  }

  refresh(refreshToken: string, clientSecret: string): Answer {
    if (this.brokenStatus !== undefined) return { kind: 'broken', status: this.brokenStatus };
    // A refused client does not spend the token.
    if (clientSecret !== this.clientSecret) return { kind: 'client_refused' };
    const grant = this.#byRefreshToken.get(refreshToken);
    if (grant === undefined || !grant.family.isAlive) return { kind: 'refused' };
    if (grant.spentAt === undefined) {
      grant.spentAt = this.#world.now;
      grant.successor = this.#issue(grant.family);
      return this.#answer(grant.successor);
    }
    const isGraced = this.#rotation === 'grace' && this.#world.now - grant.spentAt <= graceMs;
    if (isGraced && grant.successor !== undefined) return this.#answer(grant.successor);
    if (this.#rotation === 'reuse_ends_family') grant.family.isAlive = false;
    return { kind: 'refused' };
  }

  revoke(refreshToken: string): Answer {
    const grant = this.#byRefreshToken.get(refreshToken);
    if (grant !== undefined) grant.family.isAlive = false;
    return { kind: 'revoked' };
  }

  /** Whether the API takes an access token. */
  accepts(accessToken: string): boolean {
    const grant = this.#byAccessToken.get(accessToken);
    return grant?.family.isAlive === true && !grant.isAccessRevoked && this.#world.now < grant.accessEndsAt;
  }

  /** Whether a refresh would get another pair for this token. */
  honours(refreshToken: string): boolean {
    if (this.brokenStatus !== undefined) return false;
    const grant = this.#byRefreshToken.get(refreshToken);
    return grant?.family.isAlive === true && grant.spentAt === undefined;
  }

  revokeAccessTokens(): void {
    for (const grant of this.#byAccessToken.values()) grant.isAccessRevoked = true;
  }

  endSessions(): void {
    for (const { family } of this.#byRefreshToken.values()) family.isAlive = false;
  }

  #issue(family: Family): Grant {
    const number = ++this.#issued;
    const grant: Grant = {
      accessToken: `access-${number}`,
      refreshToken: `refresh-${number}`,
      accessEndsAt: this.#world.now + this.#accessLifeMs,
      family,
      isAccessRevoked: false,
      spentAt: undefined,
      successor: undefined,
    };
    this.#byRefreshToken.set(grant.refreshToken, grant);
    this.#byAccessToken.set(grant.accessToken, grant);
    return grant;
  }

  #answer({ accessToken, refreshToken }: Grant): Answer {
    const expiresInMs = this.#tellsLife ? this.#accessLifeMs : undefined;
    return { kind: 'issued', accessToken, refreshToken, expiresInMs };
  }
}
