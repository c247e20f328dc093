import { fileStore } from '@auth/store-file';

await using store = fileStore({ directory: 'tokens' });
await store.compareAndSet('key', undefined, { id: 'first', value: 'kept' });
if ((await store.get('key'))?.value !== 'kept') throw new Error('the file store forgot');
