import { recordedScenes } from '@internal/playground/scenes';

/** Recorded while the site is built. */
export default { load: recordedScenes };

export declare const data: Awaited<ReturnType<typeof recordedScenes>>;
