import { key, type Life, type Surroundings } from './life.ts';
import type { Fault } from './plan.ts';

/** Applies a fault. `life` returns the current life of a process, `restart` begins another. */
export function strike(
  fault: Fault,
  { world, server, network, store }: Surroundings,
  life: (process: number) => Life,
  restart: (process: number) => void,
  setVault: (password: string) => void,
): void {
  switch (fault.kind) {
    case 'crash': {
      const { process } = life(fault.process);
      // The process has crashed already and has not restarted yet.
      if (!process.isAlive) return;
      process.isAlive = false;
      world.schedule(undefined, fault.restartAfterMs, () => restart(fault.process));
      return;
    }
    case 'freeze':
      life(fault.process).freeze(fault.forMs);
      return;
    case 'freeze_with_lock':
      life(fault.process).freezeWithLock = fault;
      return;
    case 'clock_step':
      life(fault.process).process.wallOffsetMs += fault.byMs;
      return;
    case 'store_outage':
      store.downUntil = world.now + fault.forMs;
      return;
    case 'slow_store':
      store.slowUntil = world.now + fault.forMs;
      return;
    case 'lose_write_answer':
      store.loseAnswers++;
      return;
    case 'fail_write':
      store.failWrites++;
      return;
    case 'forget_write':
      store.forgetWrites++;
      return;
    case 'forget_lease':
      store.interfere(`${key}.lock`, { id: `forgotten-${world.steps}`, value: 'free' });
      return;
    case 'sign_out':
    case 'sign_in': {
      const actor = life(fault.process);
      world.schedule(actor.process, 0, () => (fault.kind === 'sign_out' ? actor.signOut() : actor.signIn()));
      return;
    }
    case 'revoke_access':
      server.revokeAccessTokens();
      return;
    case 'end_sessions':
      server.endSessions();
      return;
    case 'rotate_client': {
      server.clientSecret = `client-${world.steps}`;
      const { clientSecret } = server;
      world.schedule(undefined, fault.oursAfterMs, () => {
        network.clientSecret = clientSecret;
      });
      return;
    }
    case 'break_refresh':
      server.brokenStatus = fault.status;
      return;
    case 'outage':
      network.outage = { until: world.now + fault.forMs, failMs: fault.failMs };
      return;
    case 'cut_notifications':
      store.cutOff(fault.forMs);
      return;
    case 'lose_data':
      store.lose();
      return;
    case 'newer_version':
      store.writeAsNewerVersion(key);
      return;
    case 'end_session': {
      const ending = life(fault.process);
      world.schedule(ending.process, 0, () => {
        ending.end(fault.by);
        restart(fault.process);
      });
      return;
    }
    case 'change_password': {
      const password = `password-${world.steps}`;
      server.password = password;
      world.schedule(undefined, fault.vaultAfterMs, () => setVault(password));
      return;
    }
    default:
      network.troubles.push(fault);
  }
}
