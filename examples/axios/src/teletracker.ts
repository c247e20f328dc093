import { type BearerLoginAuthOptions, createBearerLoginAuth } from '@auth/bearer-login';
import axios, { type AxiosInstance } from 'axios';

/** An axios instance for TeleTracker's API: axios' fetch adapter, on the session's fetch. */
export function createTeletracker(options: BearerLoginAuthOptions): AxiosInstance {
  const session = createBearerLoginAuth(options);
  return axios.create({ baseURL: options.baseUrl, adapter: 'fetch', env: { fetch: session.fetch } });
}
