/** Where a contestant logs in. */
export interface Place {
  /** The server's origin. Every path but /api, /control, /ledger, /revoke-access-tokens is a token endpoint. */
  readonly origin: string;
  readonly username: string;
  readonly password: string;
  readonly clientId: string;
  readonly clientSecret: string;
}

/** A place for those who never get to log in. */
export const nowhere: Place = {
  origin: 'http://127.0.0.1:9',
  username: 'ada',
  password: 'password',
  clientId: 'client',
  clientSecret: 'secret',
};

/** A session of a contestant that has logged in. */
export interface Contestant {
  /** A token that is fresh as far as it can tell. */
  getToken(): Promise<string>;
  /** A request with the token, and whatever it does about a 401. `fetch` in place of the platform's where given. */
  fetch?(url: string, init?: RequestInit): Promise<{ readonly status: number }>;
  close?(): void;
}

/** A library that keeps tokens, through its own best public way. */
export interface Peer {
  readonly name: string;
  /** Logs in once. `fetch` stands in for the platform's where the library lets one be given. */
  open(place: Place, fetch?: typeof globalThis.fetch): Promise<Contestant>;
}
