/** Every number of the engine, each with its reason. Durations in milliseconds. */
export const limits = {
  /** A token is not handed out for at most this long before its end: a request under way must not outlive it … */
  mandatoryMarginMs: 30_000,
  /** … and for at most this part of its life, so that a two-second token is not always too old. */
  mandatoryMarginShare: 0.1,
  /** Refresh starts after this part of the life … */
  advisoryShare: 0.75,
  /** … plus up to this part, drawn at random, so that a fleet does not refresh in step. */
  advisoryJitterShare: 0.1,
  /** Ten years: a longer lifetime is a mistake of the server's and counts as unknown. */
  absurdLifetimeMs: 315_360_000_000,

  /** A token endpoint that has not answered by then has stalled. */
  exchangeMs: 10_000,
  /** Longer than one holder needs for lock, vault, exchange, resend and save. */
  lockMs: 60_000,
  /** A store that takes longer is down. */
  storeMs: 5_000,
  /** Vaults are slow when they are cold. */
  credentialsMs: 20_000,
  /** What one caller waits at most; the work it waits for goes on. */
  callMs: 90_000,
  /** Callers that arrive within this time share one deadline, and with it one promise. */
  callGroupMs: 1_000,

  /** After a lost answer the same refresh token is sent once more, soon: servers allow a short grace. */
  resendMinMs: 200,
  resendMaxMs: 1_000,
  /** After a refused refresh the login waits up to this: a redeployed server ends all sessions of a fleet at once. */
  loginSpreadMs: 2_000,
  /** Pause after an exchange that failed, doubling … */
  coolDownMinMs: 1_000,
  /** … up to five minutes, so that the end of an outage is noticed soon enough. */
  coolDownMaxMs: 300_000,
  /** Pause after a 429 that names none. */
  rateLimitDefaultMs: 30_000,
  /** No server may stop us for longer: a Retry-After of 25 days is a mistake. */
  rateLimitMaxMs: 900_000,
  /** Exchanges that no caller forces are at least this far apart, whatever the lifetime says. */
  exchangeGapMs: 1_000,
  /** A token issued because its predecessor was refused must be this old before its own refusal counts … */
  rejectionCoolDownMinMs: 10_000,
  /** … doubling up to this. */
  rejectionCoolDownMaxMs: 300_000,

  /** Password attempts in any hour: a guard against loops in the program that calls us. */
  maxLoginsPerHour: 20,
  /** A login is sent within this time after it was counted in the store, or it is counted again … */
  loginSendMs: 10_000,
  /** … so that the logins sent in one hour were all counted within an hour and that time. */
  loginWindowMs: 3_610_000,
  /** While a latch stands, the vault is asked this often whether the secret has changed. */
  latchedVaultMs: 60_000,
  /** PBKDF2-SHA-256 rounds in all (OWASP, 2023); done in parts because workerd refuses more than 100,000 at once. */
  latchParts: 6,
  latchRoundsPerPart: 100_000,

  /** A failed save, or a failed read after the store announced a change, is tried again after this, doubling … */
  storeRetryMinMs: 200,
  /** … up to this. */
  storeRetryMaxMs: 30_000,
  /** Rounds of read, decide and write in one flight before the store counts as broken. */
  flightRounds: 8,
  /** A flight gives up after it has lost this many leases. */
  leaseTurns: 3,

  /** 16 KiB: the header that carries a longer token is refused by common servers. */
  tokenLength: 16_384,
  /** How many token sets back a session remembers that it has spent or seen refused. */
  rememberedSets: 16,
  /** The wall clock is compared with the monotonic one at least this often, to notice sleep. */
  timerStepMs: 60_000,
  /** Longer timers fire at once: their delay is a signed 32-bit number. */
  timerMaxMs: 2_147_483_647,
  /** A wall clock that differs from the monotonic one by more has jumped, not drifted. */
  clockJumpMs: 1_000,
  /** After this many flights without a fitting set, a caller takes what the next flight brings. */
  joins: 2,
  /** Redirects followed by us, as the fetch standard allows. */
  redirects: 20,
} as const;

/** The minimum at the first count, twice as much at each further one, and no more than the maximum. */
export function doubling(count: number, minMs: number, maxMs: number): number {
  return Math.min(minMs * 2 ** (count - 1), maxMs);
}

/** The pause that follows this many failures in a row. */
export function coolDownMs(failures: number): number {
  return doubling(failures, limits.coolDownMinMs, limits.coolDownMaxMs);
}
