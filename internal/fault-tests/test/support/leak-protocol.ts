/** What the child process is given. None of it stands in its arguments or its environment. */
export interface Assignment {
  readonly directory: string;
  readonly options: Readonly<Record<'joor' | 'bearerLogin' | 'passwordRefresh' | 'jwtLogin', unknown>>;
  readonly apiUrls: Readonly<Record<'joor' | 'bearerLogin' | 'passwordRefresh' | 'jwtLogin', string>>;
  /** A password that a person mistypes. */
  readonly typed: string;
  /** Whether it lets a secret out everywhere, to see that the search finds it. */
  readonly leaks: boolean;
}

/** What it tells in the end. */
export interface Report {
  readonly tokens: string[];
}
