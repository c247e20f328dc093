/** Closes UniPoll's open polls that nobody has voted in. */
import { createUnipoll } from './unipoll.ts';

const { UNIPOLL_URL: baseUrl = '', UNIPOLL_USERNAME: username = '' } = process.env;
const { UNIPOLL_PASSWORD: password = '' } = process.env;
const unipoll = createUnipoll({ baseUrl, username, password });

const { data: polls = [] } = await unipoll.GET('/polls', { params: { query: { state: 'open' } } });
for (const { id, title } of polls.filter(({ votes }) => votes === 0)) {
  const { data, error } = await unipoll.POST('/polls/{id}/close', {
    params: { path: { id } },
    body: { reason: 'no votes' },
  });
  console.log(`${title}: ${data?.state ?? error?.detail}`);
}
