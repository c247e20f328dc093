/** A request, or many of one worker that began and ended together. Instants are milliseconds since the act began. */
export interface Span {
  readonly worker: string;
  readonly kind: 'login' | 'refresh' | 'revoke' | 'call';
  readonly from: number;
  to: number | undefined;
  outcome: 'running' | 'accepted' | 'refused' | 'lost' | 'unreachable';
  status: number | undefined;
  count: number;
}

/** Calls of one worker, begun together. */
export interface Callers {
  readonly worker: string;
  readonly count: number;
  readonly from: number;
  to: number | undefined;
  answered: number;
  /** How many failed, by the code of their error. */
  readonly failed: Map<string, number>;
}

/** What happened in one act, as it is drawn. */
export interface Recorded {
  readonly spans: readonly Span[];
  readonly callers: readonly Callers[];
  /** Milliseconds since the act began, or how long it took. */
  readonly elapsed: number;
}

/** Records an act while it is played. */
export class Recording implements Recorded {
  readonly spans: Span[] = [];
  readonly callers: Callers[] = [];
  readonly #now: () => number;
  readonly #startedAt: number;
  #endedAt: number | undefined;

  constructor(now: () => number) {
    this.#now = now;
    this.#startedAt = now();
  }

  get elapsed(): number {
    return this.#endedAt ?? this.now();
  }

  now(): number {
    return this.#now() - this.#startedAt;
  }

  end(): void {
    this.#endedAt = this.now();
  }

  /** A request begins. Requests of one worker that begin at one instant share a span while they go alike. */
  begin(worker: string, kind: Span['kind']): Span {
    const from = this.now();
    const alike = this.spans.findLast(
      (span) =>
        span.kind === 'call' &&
        kind === 'call' &&
        span.worker === worker &&
        span.from === from &&
        span.to === undefined,
    );
    if (alike !== undefined) {
      alike.count++;
      return alike;
    }
    const span: Span = {
      worker,
      kind,
      from,
      to: undefined,
      outcome: 'running',
      status: undefined,
      count: 1,
    };
    this.spans.push(span);
    return span;
  }

  finish(span: Span, outcome: Span['outcome'], status?: number): void {
    span.to = this.now();
    span.outcome = outcome;
    span.status = status;
  }

  called(worker: string, count: number): Callers {
    const callers: Callers = {
      worker,
      count,
      from: this.now(),
      to: undefined,
      answered: 0,
      failed: new Map(),
    };
    this.callers.push(callers);
    return callers;
  }
}
