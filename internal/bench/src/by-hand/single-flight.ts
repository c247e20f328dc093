/** A token as a program without a library keeps it: an expiry time, a promise, and one refresh at a time. */
export class TokenByHand {
  readonly #obtain: (refreshToken: string | undefined) => Promise<GrantByHand>;
  #freshUntil = 0;
  #refreshToken: string | undefined;
  #token: Promise<string> = Promise.resolve('');
  #inFlight: Promise<string> | undefined;

  constructor(obtain: (refreshToken: string | undefined) => Promise<GrantByHand>) {
    this.#obtain = obtain;
  }

  get(): Promise<string> {
    if (Date.now() < this.#freshUntil) return this.#token;
    this.#inFlight ??= this.#renew();
    return this.#inFlight;
  }

  /** Another token than the one that the API has refused. */
  async getOther(refused: string): Promise<string> {
    if ((await this.#token) === refused) this.#freshUntil = 0;
    return this.get();
  }

  async #renew(): Promise<string> {
    try {
      const grant = await this.#obtain(this.#refreshToken);
      this.#refreshToken = grant.refresh_token;
      this.#freshUntil = Date.now() + grant.expires_in * 1_000;
      this.#token = Promise.resolve(grant.access_token);
      return grant.access_token;
    } finally {
      this.#inFlight = undefined;
    }
  }
}

interface GrantByHand {
  readonly access_token: string;
  readonly refresh_token: string;
  readonly expires_in: number;
}
