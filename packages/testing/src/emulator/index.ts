export { createEmulator } from './emulator.js';
export type {
  AccountOptions,
  ApiHandler,
  EmulatedAccount,
  EmulatedClient,
  Emulator,
  EmulatorOptions,
  VendorHandle,
  VendorName,
} from './handles.js';
export type { Ledger, LedgerEntry } from './ledger.js';
export type { ScriptedAnswer } from './scripted-answers.js';
export { type RunningEmulator, type StartOptions, startEmulator } from './start-emulator.js';
export type { VendorSettings } from './vendor.js';
