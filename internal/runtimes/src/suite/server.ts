/** What a vendor's server saw. */
export interface Seen {
  /** Token calls in order, such as `login issued`. */
  readonly exchanges: readonly string[];
  readonly apiCallsAccepted: number;
  readonly apiCallsRejected: number;
}

/** A vendor's server in the emulator's process. Checks judge by its ledger. */
export class Server {
  readonly #knobs: string;

  constructor(url: string, slug: string) {
    this.#knobs = `${url}/_emulator/${slug}`;
  }

  async seen(): Promise<Seen> {
    const ledger = await (await fetch(`${this.#knobs}/ledger`)).json();
    const { entries, apiCallsAccepted, apiCallsRejected } = ledger as {
      entries: { endpoint: string; outcome: string }[];
      apiCallsAccepted: number;
      apiCallsRejected: number;
    };
    const exchanges = entries.map(({ endpoint, outcome }) => `${endpoint} ${outcome}`);
    return { exchanges, apiCallsAccepted, apiCallsRejected };
  }

  async exchanges(): Promise<readonly string[]> {
    return (await this.seen()).exchanges;
  }

  reset(): Promise<void> {
    return this.#turn('reset', {});
  }

  revokeAccessTokens(): Promise<void> {
    return this.#turn('revoke', {});
  }

  answerNext(answer: object): Promise<void> {
    return this.#turn('answer', answer);
  }

  async #turn(knob: string, settings: object): Promise<void> {
    const response = await fetch(`${this.#knobs}/${knob}`, {
      method: 'POST',
      body: JSON.stringify(settings),
    });
    if (!response.ok) throw new Error(`${knob}: the emulator answered ${response.status}`);
    await response.text();
  }
}
