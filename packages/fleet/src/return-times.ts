/** A run that threw comes back after this long, milliseconds … */
export const retryMs = 30_000;
/** … and a job of a version that a worker does not know is left to others for this long. */
export const unknownVersionMs = 60_000;
