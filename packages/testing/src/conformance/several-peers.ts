import { systemClock, withDeadline } from '@auth/core';
import type { StorePeer } from './store-peer.js';
import { check, same, type TestFunction } from './test-function.js';

/** Tests a store that several processes, tabs or machines share. */
export function severalPeers(
  test: TestFunction,
  openPeer: (place: string) => Promise<StorePeer>,
  leaseMs: number | undefined,
): void {
  const guarantee = (
    name: string,
    needs: 'lock' | 'subscribe' | 'dataId' | undefined,
    count: number,
    verify: (peers: StorePeer[]) => Promise<void>,
  ): void => {
    test(`token store, several processes: ${name}`, async () => {
      const place = `place-${Math.random().toString(36).slice(2)}`;
      const peers = await Promise.all(Array.from({ length: count }, () => openPeer(place)));
      try {
        if (needs !== undefined && !(await peers[0]?.run({ do: 'has', member: needs }))) return;
        await verify(peers);
      } finally {
        await Promise.all(peers.map((peer) => peer.kill()));
      }
    });
  };

  guarantee('no write of any is lost', undefined, 4, async (peers) => {
    await Promise.all(peers.map((peer) => peer.run({ do: 'count', key: 'key', times: 25 })));
    same(await peers[0]?.run({ do: 'read', key: 'key' }), '100', 'the sum of 4 × 25');
  });

  guarantee('of many holders of the lock one is inside', 'lock', 4, async (peers) => {
    const met = await Promise.all(peers.map((peer) => peer.run({ do: 'intrude', key: 'key', times: 8 })));
    same(met, [0, 0, 0, 0], 'others met inside');
  });

  guarantee('all give the data one name', 'dataId', 4, async (peers) => {
    const names = await Promise.all(peers.map((peer) => peer.run({ do: 'name' })));
    same(new Set(names).size, 1, 'names');
  });

  guarantee(
    'a change is told to the others, where that is possible',
    'subscribe',
    2,
    async ([first, second]) => {
      await second?.run({ do: 'listen', key: 'key' });
      // A store may notify once when it begins to listen.
      await new Promise((resolve) => setTimeout(resolve, 500));
      const before = Number(await second?.run({ do: 'heard' }));
      await first?.run({ do: 'count', key: 'key', times: 1 });
      for (let attempt = 0; attempt < 200; attempt++) {
        if (Number(await second?.run({ do: 'heard' })) > before) return;
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
      throw new Error('the other was not told within 2 s');
    },
  );

  if (leaseMs === undefined) return;
  // A busy machine may take this much longer than the lease.
  const marginMs = 3_000;

  guarantee('the lock of a holder that was killed is free in time', 'lock', 2, async ([first, second]) => {
    await first?.run({ do: 'hold', key: 'key' });
    await first?.kill();
    await inTime(second?.run({ do: 'hold', key: 'key' }), leaseMs + marginMs);
  });

  guarantee(
    'a frozen holder loses the lock, knows it, and does not release the next one',
    'lock',
    3,
    async (peers) => {
      const [first, second, third] = peers;
      if (first?.freeze === undefined) return;
      await first.run({ do: 'hold', key: 'key' });
      first.freeze();
      try {
        await inTime(second?.run({ do: 'hold', key: 'key' }), leaseMs + marginMs);
      } finally {
        first.thaw?.();
      }
      same(await first.run({ do: 'held' }), false, 'held, in the one that was frozen');
      await first.run({ do: 'release' });
      same(await second?.run({ do: 'held' }), true, 'held, in its successor');
      let granted = false;
      const waiting = third?.run({ do: 'hold', key: 'key' }).then(() => {
        granted = true;
      });
      await new Promise((resolve) => setTimeout(resolve, 300));
      check(!granted, 'the release of a lost lease let a third one in');
      await second?.run({ do: 'release' });
      await waiting;
    },
  );
}

async function inTime(work: Promise<unknown> | undefined, limitMs: number): Promise<void> {
  const late = (): Error => new Error(`not within ${limitMs} ms`);
  await withDeadline(systemClock, limitMs, late, Promise.resolve(work));
}
