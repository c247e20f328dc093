export { type AuthTelemetryOptions, authTelemetry } from './auth-telemetry.js';
export {
  type KeeperTelemetryOptions,
  keeperTelemetry,
  type MeasuredKeeperEvent,
} from './keeper-telemetry.js';
