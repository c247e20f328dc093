import { randomHex } from './random-token.js';

/** What a server says of an account, whatever the password. */
export type AccountState =
  | 'active'
  /** After too many wrong passwords, by whomever. */
  | 'locked'
  | 'disabled'
  /** The person has not done yet what the server wants of everybody. */
  | 'not_set_up'
  | 'deleted';

const states: readonly string[] = ['active', 'locked', 'disabled', 'not_set_up', 'deleted'];

/** A person, or a machine's user, that can log in. */
interface VendorAccount {
  readonly username: string;
  password: string;
  wrongPasswords: number;
  state: AccountState;
  /** The server's own id of the account, as UniPoll has it. */
  readonly id: string;
}

/** The accounts of one vendor's server. */
export class Accounts {
  readonly #lockAfter: () => number;
  readonly #accounts = new Map<string, VendorAccount>();

  /** @param lockAfter wrong passwords in a row after which an account is locked; 0: never */
  constructor(lockAfter: () => number) {
    this.#lockAfter = lockAfter;
  }

  add(username: string, password: string): void {
    const id = randomHex(12);
    this.#accounts.set(username, { username, password, wrongPasswords: 0, state: 'active', id });
  }

  /** @throws Error for an account that was never added */
  setState(username: string, state: AccountState): void {
    const account = this.#accounts.get(username);
    if (account === undefined) throw new Error(`no such account: ${username}`);
    if (!states.includes(state)) throw new Error(`state: expected ${states.join(', ')}`);
    account.state = state;
    if (state === 'active') account.wrongPasswords = 0;
  }

  stateOf(username: string): AccountState {
    return this.#accounts.get(username)?.state ?? 'deleted';
  }

  /** The server's own id of an account. */
  idOf(username: string): string | undefined {
    return this.#accounts.get(username)?.id;
  }

  hasId(id: string): boolean {
    return [...this.#accounts.values()].some((account) => account.id === id);
  }

  /** @param hasCode asked after a right password: without the code that must come with it, the login counts as a wrong one */
  checkPassword(
    username: string | undefined,
    password: string | undefined,
    hasCode: () => boolean = () => true,
  ): 'right' | 'wrong' | Exclude<AccountState, 'active' | 'deleted'> {
    const account = username === undefined ? undefined : this.#accounts.get(username);
    if (account === undefined || account.state === 'deleted') return 'wrong';
    if (account.state === 'disabled' || account.state === 'locked') return account.state;
    const lockAfter = this.#lockAfter();
    if (lockAfter > 0 && account.wrongPasswords >= lockAfter) return 'locked';
    const right = account.password === password && hasCode();
    account.wrongPasswords = right ? 0 : account.wrongPasswords + 1;
    if (!right) return 'wrong';
    // Keycloak asks for what is missing after it has checked the password (ResourceOwnerPasswordCredentialsGrantType).
    return account.state === 'not_set_up' ? 'not_set_up' : 'right';
  }

  /** All are active again, with the passwords they have. */
  reset(): void {
    for (const account of this.#accounts.values()) {
      account.wrongPasswords = 0;
      account.state = 'active';
    }
  }
}
