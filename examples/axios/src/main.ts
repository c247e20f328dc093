/** Prints where TeleTracker's vehicles are. */
import { teletracker } from '@auth/bearer-login';
import { findAuthError } from '@auth/core';
import { isAxiosError } from 'axios';
import { createTeletracker } from './teletracker.ts';

const { TELETRACKER_URL: baseUrl = teletracker().baseUrl } = process.env;
const { TELETRACKER_USERNAME: username = '', TELETRACKER_PASSWORD: password = '' } = process.env;
const api = createTeletracker({ baseUrl, username, password });

interface Vehicle {
  readonly plate: string;
  readonly place: string;
}

try {
  const { data } = await api.get<Vehicle[]>('/vehicles');
  for (const { plate, place } of data) console.log(`${plate} ${place}`);
} catch (error) {
  // axios wraps errors of its fetch, so look for the session's error among the causes.
  const authError = findAuthError(error);
  if (authError !== undefined) console.error(authError.code, authError.message);
  else if (isAxiosError(error)) console.error('TeleTracker answered', error.response?.status);
  else throw error;
  process.exitCode = 1;
}
