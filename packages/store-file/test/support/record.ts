import type { TokenRecord } from '@auth/core';

export const record = (id: string): TokenRecord => ({ id, value: `value of ${id}` });
