import type { MaybePromise } from '@auth/core';
import { exchangePromises, unclearAnswerPromises } from './provider-exchanges.js';
import type { ProviderFixture } from './provider-fixture.js';
import { promisesOfItself } from './provider-itself.js';
import type { TestFunction } from './test-function.js';

/**
 * Tests what the session relies on in every provider, one test per guarantee. If the provider can refresh, its refresh
 * is tested like its login.
 *
 * @param createProvider called once per test
 */
export function authProviderSuite<Extra>(
  test: TestFunction,
  createProvider: () => MaybePromise<ProviderFixture<Extra>>,
): void {
  const promises = { ...promisesOfItself, ...exchangePromises, ...unclearAnswerPromises };
  // What a provider adds to its tokens is its own affair.
  for (const [name, verify] of Object.entries(promises))
    test(`auth provider: ${name}`, async () =>
      verify((await createProvider()) as unknown as ProviderFixture));
}
