import type { TokenStore } from '@auth/core';
import { type TokenStoreSuiteOptions, tokenStoreSuite } from '../../src/conformance/index.js';

/** Runs the suite's tests at the same time, each on a store of its own, and returns the names of those that fail. */
export async function brokenGuarantees(
  createStore: () => TokenStore,
  options?: TokenStoreSuiteOptions,
): Promise<string[]> {
  const running: Promise<void>[] = [];
  const broken: string[] = [];
  const start = (name: string, run: () => Promise<void>): void => {
    const shortName = name.replace(/^token store(, several processes)?: /, '');
    running.push(run().catch(() => void broken.push(shortName)));
  };
  tokenStoreSuite(start, createStore, options);
  await Promise.all(running);
  return broken;
}
