/** The suite in workerd, within one request. */
import type { Place } from '../suite/place.ts';
import { runSuite } from '../suite/run-suite.ts';

export default {
  fetch: async (request: Request): Promise<Response> =>
    Response.json(await runSuite((await request.json()) as Place)),
};
