/** Runs a range of seeds in a thread of its own. */
import { parentPort, workerData } from 'node:worker_threads';
import { builtCore, loadCopies } from './core.ts';
import { runSeeds } from './seeds.ts';

const { from, count } = workerData as { from: number; count: number };
const cores = await loadCopies(builtCore);
const result = await runSeeds(cores, from, count, (done) => parentPort?.postMessage({ done }));
parentPort?.postMessage({ result });
