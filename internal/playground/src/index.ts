export { Playground } from './view/playground.ts';
export { Timeline } from './view/timeline.ts';
