import { test } from 'vitest';
import { BrowserScene } from './browser-scene.js';
import { SharedBrowser } from './shared-browser.js';

/** A test with a scene of its own, in the one browser of its worker. */
export const browserTest = test
  // biome-ignore lint/correctness/noEmptyPattern: Vitest reads from the pattern which fixtures this one needs.
  .extend('browser', { scope: 'worker' }, async ({}, { onCleanup }) => {
    const browser = await SharedBrowser.launch();
    onCleanup(() => browser[Symbol.asyncDispose]());
    return browser;
  })
  .extend('scene', async ({ browser }, { onCleanup }) => {
    const scene = await BrowserScene.open(browser);
    onCleanup(() => scene[Symbol.asyncDispose]());
    return scene;
  });
