import type { TokenRecord } from '@auth/core';
import type { KeeperEvent } from '@auth/fleet';
import { CallRules } from './call-rules.ts';
import { ExchangeRules } from './exchange-rules.ts';
import { envelopeOf, type Judge } from './judge.ts';
import { type Call, key, type Life } from './life.ts';
import { LoginRules } from './login-rules.ts';
import type { Exchange } from './network.ts';
import { RecordRules } from './record-rules.ts';
import type { Write } from './store.ts';
import { ThemeRules } from './theme-rules.ts';
import { WorkerRules } from './worker-rules.ts';
import type { Process } from './world.ts';

/** Tells each group of rules what it has to check. */
export class Checks {
  readonly #judge: Judge;
  readonly #exchanges: ExchangeRules;
  readonly #logins: LoginRules;
  readonly #records: RecordRules;
  readonly #calls: CallRules;
  readonly #themes: ThemeRules;
  readonly #workers: WorkerRules;

  constructor(judge: Judge) {
    this.#judge = judge;
    this.#exchanges = new ExchangeRules(judge);
    this.#logins = new LoginRules(judge);
    this.#records = new RecordRules(judge);
    this.#themes = new ThemeRules(judge);
    this.#workers = new WorkerRules(judge);
    this.#calls = new CallRules(judge, this.#themes);
  }

  onSend(exchange: Exchange): void {
    const life = this.#lifeOf(exchange.process);
    if (exchange.kind === 'revoke') return;
    this.#exchanges.onSend(life, exchange);
    if (exchange.kind === 'login') this.#logins.onSend(life, exchange.secret);
  }

  onEnd(exchange: Exchange, retryAfterMs: number | undefined): void {
    const life = this.#lifeOf(exchange.process);
    const { kind, outcome, secret } = exchange;
    if (kind === 'revoke') this.#exchanges.onRevocationEnd(exchange);
    else this.#exchanges.onEnd(life, exchange, retryAfterMs);
    this.#themes.onEnd(life, exchange);
    if (this.#judge.around.plan.theme === 'workers') this.#workers.onEnd(life, exchange);
    if (kind === 'login' && outcome === 'refused') this.#logins.onRefused(life, secret);
  }

  onReached(life: Life): void {
    this.#themes.onReached(life);
  }

  onCallStart(call: Call): void {
    this.#themes.onCallStart(call);
    if (this.#judge.around.plan.theme === 'workers') this.#workers.onCallStart();
  }

  onSignedIn(life: Life): void {
    this.#calls.onSignedIn(life);
    this.#exchanges.onServed(life);
  }

  onAdopted(life: Life): void {
    this.#exchanges.onServed(life);
  }

  onRun(life: Life, event: KeeperEvent): void {
    this.#workers.onRun(life, event);
  }

  onSignOut(): void {
    this.#judge.lastSignOutAt = this.#judge.around.world.now;
  }

  onRead(process: Process, readKey: string, record: TokenRecord | undefined): void {
    if (readKey === key) this.#lifeOf(process).lastRead = { at: this.#judge.around.world.now, record };
  }

  onWrite(write: Write): void {
    const life = this.#lifeOf(write.process);
    this.#records.onWrite(life, write);
    if (write.key !== key) return;
    life.lastWritten = write.next;
    const [before, after] = [envelopeOf(write.replaced), envelopeOf(write.next)];
    if (after.signedOutAt !== undefined && after.signedOutAt !== before.signedOutAt) this.onSignOut();
    if (!this.#judge.isAtomic) return;
    this.#logins.onWrite(life, before, after);
    this.#calls.onWrite(life, before, after);
  }

  afterStep(): void {
    this.#calls.afterStep();
  }

  afterRecovery(current: readonly Life[]): void {
    const loginsAt = this.#logins.logins.map(({ at }) => at);
    this.#calls.afterRecovery(current, loginsAt);
  }

  #lifeOf(process: Process): Life {
    return this.#judge.lives.get(process) as Life;
  }
}
