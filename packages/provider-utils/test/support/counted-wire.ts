/** Stands for a provider's wire module, and counts how often it is evaluated. */
const counted = globalThis as { wireEvaluations?: number };
counted.wireEvaluations = (counted.wireEvaluations ?? 0) + 1;

export const path = '/token';
