/** The four servers, by their names in the emulator. */
export type ServerName = 'joor' | 'bearerLogin' | 'passwordRefresh' | 'jwtLogin';

/** What a server is set up for: a refusal, a page in place of an answer … */
export type SetUp = 'refuse' | 'page' | 'garbage' | 'limit' | 'reset';

/** Asks the parent to set a server up. The parent sends the question back when that is done. */
export interface Question {
  readonly server: ServerName;
  readonly setUp: SetUp;
}

/** The input of the child process. None of it is in its arguments or its environment. */
export interface Assignment {
  readonly directory: string;
  readonly options: Readonly<Record<ServerName, unknown>>;
  readonly apiUrls: Readonly<Record<ServerName, string>>;
  /** A password that a person mistypes. */
  readonly typed: string;
  /** Whether the child leaks a secret everywhere, to show that the search finds it. */
  readonly leaks: boolean;
}

/** The last message of the child process. */
export interface Report {
  readonly tokens: string[];
}
