/** Reads a day of Simacan's trips, many at once, and prints how many were late. */
import { createPasswordRefreshAuth, simacan } from '@auth/password-refresh';
import { authInterceptor } from '@auth/undici';
import { Agent, interceptors, request } from 'undici';

const { SIMACAN_AUTH_URL: baseUrl = simacan('staging').baseUrl } = process.env;
const { SIMACAN_API_URL: apiUrl = 'https://trips-stg.services.simacan.com' } = process.env;
const { SIMACAN_USERNAME: username = '', SIMACAN_PASSWORD: password = '' } = process.env;

const session = createPasswordRefreshAuth({ ...simacan('staging'), baseUrl, username, password });
const agent = new Agent({ connections: 16 });
// Listed before retry, so that each retry carries the current token.
const dispatcher = agent.compose(authInterceptor(session), interceptors.retry());

interface Trip {
  readonly id: string;
  readonly late: boolean;
}

async function get<Answer>(path: string): Promise<Answer> {
  const { statusCode, body } = await request(`${apiUrl}${path}`, { dispatcher });
  if (statusCode === 200) return (await body.json()) as Answer;
  await body.dump();
  throw new Error(`${path} was answered ${statusCode}`);
}

const ids = await get<string[]>('/trips');
const trips = await Promise.all(ids.map((id) => get<Trip>(`/trips/${id}`)));
console.log(`${trips.filter(({ late }) => late).length} of ${trips.length} trips were late`);
await agent.close();
