export { type AuthTelemetryOptions, authTelemetry } from './auth-telemetry.js';
