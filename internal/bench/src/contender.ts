import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Place } from './peer.ts';

/** Where a contender keeps the account's token set. */
export interface SharedPlace extends Place {
  readonly file: string;
  /** Whether the contender may log in again with the password once the refresh token is refused. */
  readonly keepsPassword: boolean;
}

/** A way for several processes to share one account's token set. */
export interface Contender {
  /** Logs in and stores the set in the place's file, through the library. */
  login(place: SharedPlace): Promise<unknown>;
  /** Returns a fresh token, from the set in the file. */
  getToken(place: SharedPlace): Promise<string>;
}

/** The token set of contenders whose library prescribes no format. */
export interface StoredSet {
  readonly accessToken: string;
  readonly refreshToken: string;
  /** Milliseconds since the epoch. */
  readonly expiresAt: number;
}

/** A worker's message to the case that has started it. */
export type Said = 'ready' | 'stored' | { readonly token: string } | { readonly error: string };

/** Warms up on a file of its own, then obeys: 'login' stores a set, 'go' gets a token. */
export async function run(contender: Contender): Promise<void> {
  const place = JSON.parse(process.argv[2] as string) as SharedPlace;
  const warm = { ...place, file: `${place.file}.${process.pid}.warm` };
  await contender.login(warm);
  await sleep(1_100);
  await contender.getToken(warm);
  rmSync(warm.file, { force: true });
  process.on('disconnect', () => process.exit());
  process.on('message', async (order) => {
    try {
      if (order === 'login') {
        await contender.login(place);
        say('stored');
      } else say({ token: await contender.getToken(place) });
    } catch (error) {
      say({ error: error instanceof Error ? `${error.name}: ${error.message}` : String(error) });
    }
  });
  say('ready');
}

/** The file's contents, undefined where there is none. */
export function read<T>(file: string): T | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as T;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Replaces the file in one step. */
export function write(file: string, contents: unknown): void {
  const draft = `${file}.${process.pid}.tmp`;
  writeFileSync(draft, JSON.stringify(contents), { mode: 0o600 });
  renameSync(draft, file);
}

/** One token request, for the contenders without a library. */
async function request(place: SharedPlace, fields: Record<string, string>): Promise<StoredSet> {
  const response = await fetch(`${place.origin}/token`, {
    method: 'POST',
    body: new URLSearchParams({ client_id: place.clientId, client_secret: place.clientSecret, ...fields }),
  });
  if (!response.ok) throw new Error(`token request: ${response.status} ${await response.text()}`);
  const body = (await response.json()) as { access_token: string; refresh_token: string; expires_in: number };
  return {
    accessToken: body.access_token,
    refreshToken: body.refresh_token,
    expiresAt: Date.now() + body.expires_in * 1_000,
  };
}

/** A password login whose set goes into the file. */
export async function loginByHand(place: SharedPlace): Promise<void> {
  const { username, password } = place;
  write(place.file, await request(place, { grant_type: 'password', username, password }));
}

/** The file's set if it is valid for at least half a minute. */
export function fresh(file: string): StoredSet | undefined {
  const set = read<StoredSet>(file);
  return set !== undefined && set.expiresAt - Date.now() > 30_000 ? set : undefined;
}

/** Spends the file's refresh token and stores the new pair. */
export async function refreshByHand(place: SharedPlace): Promise<StoredSet> {
  const { refreshToken } = read<StoredSet>(place.file) as StoredSet;
  const set = await request(place, { grant_type: 'refresh_token', refresh_token: refreshToken });
  write(place.file, set);
  return set;
}

function say(said: Said): void {
  process.send?.(said);
}
