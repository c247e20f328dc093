import { webStore } from '@auth/store-web';

await using store = webStore();
await store.compareAndSet('key', undefined, { id: 'first', value: 'kept' });
if ((await store.get('key'))?.value !== 'kept') throw new Error('the web store forgot');
