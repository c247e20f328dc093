/** The suite in a browser's page. */
import { webStore } from '@auth/store-web';
import type { Place } from '../suite/place.ts';
import type { Report } from '../suite/report.ts';
import { runSuite } from '../suite/run-suite.ts';

declare global {
  /** Called by the program that drives the page. */
  var runInPage: (place: Place) => Promise<Report>;
}

let stores = 0;
globalThis.runInPage = (place) =>
  runSuite(place, () => {
    const name = `store-${stores++}`;
    return { open: () => webStore({ name }) };
  });
