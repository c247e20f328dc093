export const second: number = 1_000;
export const minute: number = 60_000;
export const hour: number = 60 * minute;
