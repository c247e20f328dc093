import { type Act, actOf } from './acts.ts';
import { play } from './play.ts';
import type { Recorded } from './recording.ts';
import { loadModules, Stage } from './stage.ts';

/** A scene to be drawn elsewhere. */
export interface RecordedScene {
  readonly recording: Recorded;
  readonly workers: string[];
  /** What happened and why, in sentences. */
  readonly said: string;
}

/** The scenes that the home page shows. */
export async function recordedScenes(): Promise<Record<'thousandCallers' | 'eightProcesses', RecordedScene>> {
  await loadModules();
  return { thousandCallers: await expiry(1), eightProcesses: await expiry(8) };
}

/** A thousand callers meet an expired token. */
async function expiry(workers: number): Promise<RecordedScene> {
  const stage = new Stage(workers);
  const quickly = async (): Promise<number> => 10;
  await play(stage, actOf('callers') as Act, quickly);
  const { recording, said } = await play(stage, actOf('expires') as Act, quickly);
  const names = stage.workers.map(({ name }) => name);
  stage.dispose();
  const { spans, callers, elapsed } = recording;
  return { recording: { spans, callers, elapsed }, workers: names, said };
}
