/** Listens for changes and has nothing else to do: it must end by itself. */
import { fileStore } from '@auth/store-file';

const [, , directory = ''] = process.argv;
const store = fileStore({ directory });
store.subscribe('key', () => {});
const lease = await store.lock('key', { signal: new AbortController().signal });
process.stdout.write(lease.held() ? 'listening' : 'no lease');
