import type { AuthEvent } from '@auth/core';
import {
  type Context,
  context,
  type Span,
  SpanKind,
  type SpanOptions,
  SpanStatusCode,
  TraceFlags,
  type Tracer,
  trace,
} from '@opentelemetry/api';
import { type ExchangeEvent, exchangeAttributes, isExchange } from './exchange-attributes.js';

/** Records each exchange as a span, once it is over. */
export function spansOf(tracer: Tracer, recordKey: boolean): (event: AuthEvent) => void {
  return (event) => {
    if (!isExchange(event)) return;
    const attributes = { ...exchangeAttributes(event), ...spanAttributes(event) };
    if (recordKey) attributes['auth.session.key'] = event.key;
    const { parent, ...origin } = originOf(context.active());
    const span = tracer.startSpan(
      `${attributes['auth.exchange.type']} ${event.provider}`,
      {
        kind: SpanKind.CLIENT,
        attributes,
        ...origin,
        startTime: event.at - event.durationMs,
      },
      parent,
    );
    if (event.type === 'exchange_failed') span.setStatus({ code: SpanStatusCode.ERROR });
    span.end(event.at);
  };
}

function spanAttributes(event: ExchangeEvent): Record<string, string | boolean> {
  if (event.type === 'login') return { 'auth.token.id': event.tokenId };
  if (event.type === 'refresh') {
    return { 'auth.token.id': event.tokenId, 'auth.token.previous_id': event.previousId };
  }
  return {
    'auth.exchange.resend': event.resend,
    ...(event.delivery === undefined ? {} : { 'auth.exchange.delivery': event.delivery }),
    ...(event.serverCode === undefined ? {} : { 'auth.server.code': event.serverCode }),
  };
}

/**
 * The exchange belongs to the trace of the caller that waits for it. An exchange that a timer started runs in the
 * context that set the timer, whose span may have ended hours ago: then the exchange begins a new trace, with a link.
 */
function originOf(parent: Context): Pick<SpanOptions, 'root' | 'links'> & { readonly parent: Context } {
  const span = trace.getSpan(parent);
  if (span === undefined || !hasEnded(span)) return { parent };
  return { parent, root: true, links: [{ context: span.spanContext() }] };
}

/** A span that was not sampled, or that is another process's, never records: that does not mean it has ended. */
function hasEnded(span: Span): boolean {
  const { traceFlags, isRemote } = span.spanContext();
  return (traceFlags & TraceFlags.SAMPLED) !== 0 && isRemote !== true && !span.isRecording();
}
