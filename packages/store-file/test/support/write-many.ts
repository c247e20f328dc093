/** Replaces the record of `key`, so many times in a row. */
import { fileStore } from '@auth/store-file';

const [, , directory = '', key = '', times = ''] = process.argv;
const store = fileStore({ directory });
for (let index = 0; index < Number(times); index++) {
  const standing = await store.get(key);
  const next = { id: `other-${index}`, value: 'theirs' };
  if (!(await store.compareAndSet(key, standing?.id, next))) throw new Error('nobody else writes here');
}
