export {
  assertOneOf,
  assertOptions,
  assertPath,
  assertSecret,
  assertText,
  type PasswordOptions,
  type Place,
  type PlaceOptions,
  passwordLogin,
  placeOf,
  type Secret,
  secretOf,
  wrong,
} from './options.js';
export { preload, requestTokens, type TokenServer, tokenServer } from './request-tokens.js';
export type { Answer, TokenCall, TokenRequest } from './token-request.js';
