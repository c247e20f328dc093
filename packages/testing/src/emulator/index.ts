export {
  type AccountOptions,
  type ApiHandler,
  createEmulator,
  type Emulator,
  type EmulatorOptions,
  type VendorHandle,
  type VendorName,
} from './emulator.js';
export type { Ledger, LedgerEntry } from './ledger.js';
export { type RunningEmulator, type StartOptions, startEmulator } from './start-emulator.js';
export type { ScriptedAnswer, VendorSettings } from './vendor.js';
