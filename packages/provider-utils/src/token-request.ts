import type { AuthPhase } from '@auth/core';

/** An answer of a token endpoint, its body parsed where it is JSON. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  /** Undefined where the body is not JSON. */
  readonly body: unknown;
}

/** What is sent to a token endpoint, and how its answer is read. */
export interface TokenCall<Result> {
  /** Where the call goes. */
  readonly url: string;
  /** Beside those that the body brings. */
  readonly headers?: Readonly<Record<string, string>>;
  /** A form: urlencoded or multipart. */
  readonly body?: URLSearchParams | FormData;
  /** Sent as JSON, in place of `body`. */
  readonly json?: unknown;
  /** Reads the tokens from a successful answer; throws `invalid_response` if there are none. */
  parse(answer: Answer): Result;
  /**
   * Whether the server, in its own JSON, refuses the credentials or the refresh token. Not called for a 401, which is
   * a refusal unless its body is an HTML page, or a word that refuses the client. Default: no other answer is a refusal.
   */
  isRefused?(answer: Answer): boolean;
  /**
   * Whether the server, in a 4xx with a word of RFC 6749 section 5.2, refuses the client at a refresh. `invalid_client`
   * and each of these words under 401 always do. Default: no other answer does.
   */
  isClientRefused?(answer: Answer): boolean;
  /** The server's own words in `error`, beside those of RFC 6749 section 5.2, that refuse the client in a 4xx. */
  readonly clientCodes?: readonly string[];
  /** Error codes of the server that may appear in errors as `serverCode`. */
  readonly serverCodes?: readonly string[];
}

/** One call of a token endpoint. */
export interface TokenRequest<Result> extends TokenCall<Result> {
  /** The provider's name, for errors. */
  readonly provider: string;
  readonly phase: AuthPhase;
}
