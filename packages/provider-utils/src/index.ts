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
export { type Answer, preload, requestTokens, type TokenRequest } from './request-tokens.js';
