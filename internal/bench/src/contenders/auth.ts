/** @auth/joor with @auth/store-file. */
import type { AuthSession } from '@auth/core';
import type { JoorExtra } from '@auth/joor';
import { fileStore } from '@auth/store-file';
import { run, type SharedPlace } from '../contender.ts';
import { openSession } from '../ours.ts';

await run({
  login: (place) => use(place, (session) => session.getTokens()),
  getToken: (place) => use(place, (session) => session.getAccessToken()),
});

async function use<Result>(
  place: SharedPlace,
  work: (session: AuthSession<JoorExtra>) => Promise<Result>,
): Promise<Result> {
  const session = openSession(place, { store: fileStore({ path: place.file }), key: 'account' });
  try {
    return await work(session);
  } finally {
    session.dispose();
  }
}
