/** Where a contestant logs in. */
export interface Place {
  /** The server's origin. Every path but /api, /authorization, /control, /end-sessions, /ledger, /revoke-access-tokens is a token endpoint. */
  readonly origin: string;
  readonly username: string;
  readonly password: string;
  readonly clientId: string;
  readonly clientSecret: string;
}

/** A place for sessions that never log in. */
export const nowhere: Place = {
  origin: 'http://127.0.0.1:9',
  username: 'ada',
  password: 'password',
  clientId: 'client',
  clientSecret: 'secret',
};

/** A session of a contestant that has logged in. */
export interface Contestant {
  /** A token that the library takes for fresh. */
  getToken(): Promise<string>;
  /** Sends a request with the token and treats a 401 as the library does. */
  fetch?(url: string, init?: RequestInit): Promise<{ readonly status: number }>;
  close?(): void;
}

/** A library that keeps tokens, through its best public API. */
export interface Peer {
  readonly name: string;
  /** Logs in once. `fetch` replaces the platform's if the library accepts another one. */
  open(place: Place, fetch?: typeof globalThis.fetch): Promise<Contestant>;
}
