import type { TokenSet } from '../tokens.js';

/** How a step ends: with a set, with a verified password (undefined), or with an order to read or lock again. */
export type Outcome = TokenSet | undefined | 'read_again' | 'lock_again';
