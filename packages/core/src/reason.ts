/** A word for an error that is safe to print: its own code, or its class name. */
export function reasonOf(error: unknown): string {
  const name = error instanceof Error ? error.name : typeof error;
  for (const { code } of causesOf(error)) if (typeof code === 'string' && safeWord.test(code)) return code;
  return safeWord.test(name) ? name : 'Error';
}

const safeWord = /^[A-Za-z][A-Za-z0-9_]{0,63}$/;

/** What errors of the platform, of undici and of drivers may carry. */
export interface SystemError {
  readonly code?: unknown;
  readonly syscall?: unknown;
  readonly message?: unknown;
  readonly cause?: unknown;
  readonly errors?: unknown;
}

/** The error and what it was caused by, a bounded way down. */
export function causesOf(error: unknown): readonly SystemError[] {
  const chain: SystemError[] = [];
  let current: unknown = error;
  while (typeof current === 'object' && current !== null && chain.length < 8) {
    const link: SystemError = current;
    chain.push(link);
    current = link.cause ?? (Array.isArray(link.errors) ? link.errors[0] : undefined);
  }
  return chain;
}
