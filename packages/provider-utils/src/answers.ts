/** Whether `body` is a JSON object in which `field` has one of these values. */
export function says(body: unknown, field: string, ...values: readonly unknown[]): boolean {
  return (
    typeof body === 'object' && body !== null && values.includes((body as Record<string, unknown>)[field])
  );
}
