export { Playground } from './view/playground.ts';
