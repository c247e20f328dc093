import type { AuthEvent } from '@auth/core';
import { type MeterProvider, metrics, type TracerProvider, trace } from '@opentelemetry/api';
import { metricsOf } from './metrics.js';
import { spansOf } from './spans.js';

/** Options of {@link authTelemetry}. */
export interface AuthTelemetryOptions {
  /** Default: the provider that is registered when the first event comes. */
  readonly meterProvider?: MeterProvider | undefined;
  /** Default: the registered provider. */
  readonly tracerProvider?: TracerProvider | undefined;
  /**
   * Puts the session's key on spans, as `auth.session.key`. Default false: the default key holds the username, which
   * is personal data. Metrics never carry it.
   */
  readonly recordKey?: boolean | undefined;
}

/**
 * Turns events into OpenTelemetry metrics and spans. Pass the listener as `onEvent` to all sessions and stores. Without
 * a registered SDK it does nothing. No attribute holds a token, a secret or a body.
 */
export function authTelemetry(options: AuthTelemetryOptions = {}): (event: AuthEvent) => void {
  const { tracerProvider = trace, recordKey = false } = options;
  const recordSpan = spansOf(tracerProvider.getTracer(scope), recordKey);
  let recordMetrics: ((event: AuthEvent) => void) | undefined;
  return (event) => {
    // Made at the first event, because instruments made before the SDK is registered never record anything.
    recordMetrics ??= metricsOf((options.meterProvider ?? metrics).getMeter(scope));
    recordMetrics(event);
    recordSpan(event);
  };
}

const scope = '@auth/opentelemetry';
