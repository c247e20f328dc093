/* Every number of the engine, each with its reason; read them as `limits.name`. Durations in milliseconds. */

/** A token is not handed out for at most this long before its end: a request under way must not outlive it … */
export const mandatoryMarginMs = 30_000;
/** … and for at most this part of its life, so that a two-second token is not always too old. */
export const mandatoryMarginShare = 0.1;
/** Refresh starts after this part of the life … */
export const advisoryShare = 0.75;
/** … plus up to this part, drawn at random, so that a fleet does not refresh in step. */
export const advisoryJitterShare = 0.1;
/** Ten years: a longer lifetime is a mistake of the server's and counts as unknown. */
export const absurdLifetimeMs = 315_360_000_000;

/**
 * So many accounts of an issuer begin to exchange at a time: ten thousand that come at once would otherwise be ten thousand
 * connections, and as many that ask for a lease …
 */
export const exchangesAtOnce = 64;
/** … each for so long at most: after that the next one begins, whatever it waits for. */
export const turnMs = 1_000;
/** An account that so many callers have asked for meanwhile does not wait in line. */
export const callersThatHurry = 16;
/** Waits are counted in so many steps: a stretch in which this process cannot run is one of them, however long. */
export const deadlineSteps = 5;
/** A token endpoint that has not answered by then has stalled. */
export const exchangeMs = 10_000;
/** Longer than one holder needs for lock, vault, exchange, resend and save. */
export const lockMs = 60_000;
/** A store that takes longer is down. */
export const storeMs = 5_000;
/** Vaults are slow when they are cold. */
export const credentialsMs = 20_000;
/** What one caller waits at most; the work it waits for goes on. */
export const callMs = 90_000;
/** What close() waits at most for work under way … */
export const closeMs = 10_000;
/** … while failed saves are tried again at least this often. */
export const closingSaveMs = 1_000;
/** What a caller waits at most for a refresh that is due and not yet needed. */
export const earlyRefreshMs = 5_000;
/** How long such a refresh waits for a lease that somebody else holds, who is probably refreshing … */
export const earlyLockMs = 250;
/** … and this many times longer than the store took to be read: a slow store takes its time for a free lease too. */
export const earlyLockReads = 6;
/** Of a wanted rest of life so much of the whole life counts at most, so that no call is impossible to please … */
export const minValidShare = 0.9;
/** … and a set this young pleases any call, so that calls do not exchange one after the other. */
export const youngMs = 60_000;
/** When maintain() is to come again where somebody else has the lease … */
export const leaseElsewhereMs = 5_000;
/** … where the life of the set is unknown … */
export const unknownLifeMs = 86_400_000;
/** … and where the vault failed. After a pause it is later by up to this, so that a fleet does not come at once. */
export const maintainJitterMs = 60_000;
/** Callers that arrive within this time share one deadline, and with it one promise. */
export const callGroupMs = 1_000;

/** After a lost answer the same refresh token is sent once more, soon: servers allow a short grace. */
export const resendMinMs = 200;
export const resendMaxMs = 1_000;
/** After a refused refresh the login waits up to this: a redeployed server ends all sessions of a fleet at once. */
export const loginSpreadMs = 2_000;
/** Pause after an exchange that failed, doubling … */
export const coolDownMinMs = 1_000;
/** … up to five minutes, so that the end of an outage is noticed soon enough. */
export const coolDownMaxMs = 300_000;
/** Pause after a 429 that names none. */
export const rateLimitDefaultMs = 30_000;
/** No server may stop us for longer: a Retry-After of 25 days is a mistake. */
export const rateLimitMaxMs = 900_000;
/** Exchanges that no caller forces are at least this far apart, whatever the lifetime says. */
export const exchangeGapMs = 1_000;
/** Where an origin refused a replay, its refusals are ignored until the set is this old, doubling … */
export const refusedReplayMinMs = 10_000;
/** … up to this: an API that refuses every token costs a dozen exchanges an hour. */
export const refusedReplayMaxMs = 300_000;
/** An origin without a refusal for this long starts again, as after an accepted replay. */
export const refusalMemoryMs = 600_000;
/** So many refusing origins are remembered for an account. */
export const refusingOrigins = 8;
/** A replacement that is named as refused within this time was refused in its replay: shorter than common lives. */
export const namedReplayMs = 40_000;
/** Of a refused answer's body so much is read, to keep the connection … */
export const droppedBodyBytes = 65_536;
/** … within this time; a longer body is cancelled, which costs the connection. */
export const droppedBodyMs = 100;

/** So much of a body is searched for a refusal: such bodies are short, and what is read here is kept for the caller. */
export const searchedBodyBytes = 65_536;
/** node-fetch 3 stops giving a copy of a body after some 32 KiB, until the original is read. */
export const searchedNodeStreamBytes = 16_384;
/** A body that takes longer is handed on as it comes. */
export const searchedBodyMs = 1_000;

/** A refresh endpoint is broken after so many answers that are none … */
export const brokenRefreshes = 3;
/** … over at least this long: a server that restarts is back by then. */
export const brokenRefreshMs = 60_000;
/** The same where the server itself says, in JSON, that there is no such endpoint. */
export const goneRefreshes = 2;
export const goneRefreshMs = 10_000;
/** Where logins stand in for refreshes, they are at least half a life apart, and at least this long. */
export const brokenLoginGapMs = 60_000;
/** The first of these logins waits up to this: the refreshes of all accounts fail at once. */
export const brokenLoginSpreadMs = 5_000;
/** A refused client is tried again after this, since a mistake of the server's is mended without us; doubling … */
export const clientProbeMinMs = 900_000;
/** … up to this: each probe may send the password. */
export const clientProbeMaxMs = 21_600_000;
/** Refused secrets that are remembered beside the last: a fleet in the middle of a rotation has two. */
export const otherRefusals = 3;
/** A refusal of the configured secrets is kept this long … */
export const latchKeptMs = 2_592_000_000;
/** … and one of a password that somebody typed this long. */
export const typedLatchKeptMs = 86_400_000;
/** Slow hashes that a process remembers. */
export const rememberedHashes = 64;

/** Password attempts in any hour: a guard against loops in the program that calls us. */
export const maxLoginsPerHour = 20;
/** Logins that renew a set ahead of its end take up to this part of them, and leave the rest to callers … */
export const loginAheadShare = 0.5;
/** … and are at least this part of a life apart, whatever happens to the sets that they bring. */
export const loginAheadGapShare = 0.1;
/** Passwords that persons type have an allowance of their own: those who mistype do not use up the configured login's. */
export const typedLoginsPerHour = 10;
/** A refusal of the configured secrets this soon after one of a typed password may be its consequence. */
export const typedRefusalMs = 900_000;
/** The least refusedLoginRetryMs: servers that lock an account lock it for minutes. */
export const refusedLoginRetryMinMs = 900_000;
/** The wait doubles at each refusal, up to this. */
export const refusedLoginRetryMaxMs = 86_400_000;
/** After an outage the accounts of an issuer come back within this time of its first good answer. */
export const recoverySpreadMs = 20_000;
/** A timer tries again later than it could by up to this part of the pause, so that a fleet does not come at once. */
export const retryJitterShare = 0.25;
/** A login is sent within this time after it was counted in the store, or it is counted again … */
export const loginSendMs = 10_000;
/** … so that the logins sent in one hour were all counted within an hour and that time. */
export const loginWindowMs = 3_610_000;
/** While a latch stands, the vault is asked this often whether the secret has changed. */
export const latchedVaultMs = 60_000;
/** PBKDF2-SHA-256 rounds in all (OWASP, 2023); done in parts because workerd refuses more than 100,000 at once. */
export const latchParts = 6;
export const latchRoundsPerPart = 100_000;

/** A read that has failed after so long tells of a store that does not answer, rather than of one record. */
export const slowReadMs = 1_000;

/** A failed save, or a failed read after the store announced a change, is tried again after this, doubling … */
export const storeRetryMinMs = 200;
/** … up to this. */
export const storeRetryMaxMs = 30_000;
/**
 * After a store's notifications were cut off every account reads before its next use: so many at a time a store. After a
 * loss of its data so many write back at a time.
 */
export const readsInDoubt = 64;
/** After a store has lost its data an account's turn to write back what it holds lasts at most so long. */
export const restoreTurnMs = 1_000;
/** A refresh token that was written back waits so long: another process may hold its successor, and write that back. */
export const restoredMs = 10_000;
/** Rounds of read, decide and write in one flight before the store counts as broken. */
export const flightRounds = 8;
/** Callers wait so long for the return of a lease that was asked for and is not needed any more. */
export const leaseReturnMs = 250;
/** A flight gives up after it has lost this many leases. */
export const leaseTurns = 3;

/** 16 KiB: the header that carries a longer token is refused by common servers. */
export const tokenLength = 16_384;
/** How many token sets back a session remembers that it has spent or seen refused. */
export const rememberedSets = 4;
/** The wall clock is compared with the monotonic one at least this often, to notice sleep. */
export const timerStepMs = 60_000;
/** Longer timers fire at once: their delay is a signed 32-bit number. */
export const timerMaxMs = 2_147_483_647;
/** A wall clock that differs from the monotonic one by more has jumped, not drifted. */
export const clockJumpMs = 1_000;
/** A stored instant that is further ahead was written by a clock that runs ahead. */
export const clockAheadMs = 300_000;
/** After this many flights without a fitting set, a caller takes what the next flight brings. */
export const joins = 2;
/** Redirects followed by us, as the fetch standard allows. */
export const redirects = 20;
