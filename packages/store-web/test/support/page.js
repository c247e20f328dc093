/** What a page of the tests offers to the test that drives it. */
import { createJwtLoginAuth } from '@auth/jwt-login';
import { webStore } from '@auth/store-web';
import { servePeer, tokenStoreSuite } from '@auth/testing/conformance';

const sessions = [];
const stores = [];
let offsetMs = 0;

Object.assign(globalThis, {
  events: [],

  openStore(options = {}) {
    const store = webStore({ ...options, onEvent: (event) => events.push(event) });
    stores.push(store);
    return stores.length - 1;
  },
  store: (index = 0) => stores[index],

  /** From here on, time passes in this tab only when the test says so. */
  stopTime() {
    let now = performance.now();
    const timers = new Set();
    performance.now = () => now;
    globalThis.setTimeout = (callback, delayMs) => {
      const timer = { due: now + delayMs, callback };
      timers.add(timer);
      return timer;
    };
    globalThis.clearTimeout = (timer) => timers.delete(timer);
    globalThis.passTime = (ms) => {
      const end = now + ms;
      const next = () => [...timers].filter(({ due }) => due <= end).sort((a, b) => a.due - b.due)[0];
      for (let timer = next(); timer !== undefined; timer = next()) {
        timers.delete(timer);
        now = timer.due;
        timer.callback();
      }
      now = end;
    };
  },

  /** Runs the conformance suite, and answers what failed of how many. */
  async conform(options) {
    const tests = [];
    tokenStoreSuite(
      (name, run) => tests.push([name, run]),
      () => webStore({ ...options, name: `suite-${Math.random()}` }),
      { leaseMs: 1_000 },
    );
    const failed = [];
    // At the same time: each test has a store of its own, and some wait.
    await Promise.all(
      tests.map(([name, run]) => run().catch((error) => failed.push(`${name}: ${error.message}`))),
    );
    return { count: tests.length, failed };
  },

  /** Becomes a peer of the suite. */
  becomePeer(place) {
    globalThis.serve = servePeer(webStore({ name: place }));
  },

  /** Opens a session on the first store. */
  openSession(options) {
    const clock = {
      now: () => Date.now() + offsetMs,
      monotonic: () => performance.now() + offsetMs,
      setTimeout: (callback, delayMs) => setTimeout(callback, delayMs),
      clearTimeout: (handle) => clearTimeout(handle),
    };
    const session = createJwtLoginAuth({
      ...options,
      clock,
      store: stores[0],
      onEvent: (event) => events.push(event),
    });
    return sessions.push(session) - 1;
  },
  passDays(days) {
    offsetMs = days * 24 * 3_600_000;
  },
  /** The id of the tokens, or the code of the error in their place. */
  tokens: (index = 0) =>
    sessions[index].getTokens().then(
      ({ id }) => id,
      ({ code }) => code,
    ),
  call: async (url, index = 0) => (await sessions[index].fetch(url)).status,
  signOut: (index = 0) => sessions[index].signOut(),
});
