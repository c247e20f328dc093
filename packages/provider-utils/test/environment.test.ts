import { afterEach, describe, expect, test, vi } from 'vitest';
import { optionsInEnvironment, secretOf } from '../src/index.js';

const names = {
  texts: ['username'],
  optional: ['issuer', 'baseUrl', 'clientId'],
  oneOf: ['issuer', 'baseUrl'],
  secrets: ['password', 'apiKey'],
  optionalSecrets: ['clientSecret'],
} as const;

afterEach(() => vi.unstubAllEnvs());

describe('options in the environment', () => {
  test('are read by their names in capitals', async () => {
    const options = optionsInEnvironment('ACME', names, {
      ACME_USERNAME: 'ada',
      ACME_BASE_URL: 'https://acme.example.com',
      ACME_PASSWORD: 'pw',
      ACME_API_KEY: 'k',
      ACME_CLIENT_SECRET: 's',
      ACME_CLIENT_ID: '',
      ACME_ALLOWED_ORIGINS: ' https://a.example.com  https://b.example.com ',
      USERNAME: 'another',
    });
    const { password, apiKey, clientSecret, ...texts } = options;
    expect(texts).toEqual({
      username: 'ada',
      baseUrl: 'https://acme.example.com',
      allowedOrigins: ['https://a.example.com', 'https://b.example.com'],
    });
    expect([password(), apiKey(), clientSecret?.()]).toEqual(['pw', 'k', 's']);
  });

  test('one error names all that are missing, and no value', () => {
    expect(() => optionsInEnvironment('ACME', names, { ACME_API_KEY: 'k', ACME_CLIENT_ID: 'c' })).toThrow(
      expect.objectContaining({
        code: 'invalid_options',
        detail: 'not set in the environment: ACME_USERNAME, ACME_ISSUER or ACME_BASE_URL, ACME_PASSWORD',
      }),
    );
  });

  test('secrets alone are missed when they are needed, by their names', async () => {
    const variables: Record<string, string> = { ACME_USERNAME: 'ada', ACME_ISSUER: 'https://a.example.com' };
    const options = optionsInEnvironment('ACME', names, variables);
    expect(options).not.toHaveProperty('clientSecret');
    await expect(secretOf('password', options.password)).rejects.toMatchObject({
      code: 'credentials_unavailable',
      detail: 'not set in the environment: ACME_PASSWORD, ACME_API_KEY',
    });
    variables['ACME_PASSWORD'] = 'later';
    expect(await secretOf('password', options.password)).toBe('later');
  });

  test('are those of the process where none is given, and nothing where there is no process', () => {
    vi.stubEnv('ACME_USERNAME', 'ada');
    vi.stubEnv('ACME_ISSUER', 'https://a.example.com');
    expect(optionsInEnvironment('ACME', names, undefined)).toMatchObject({ username: 'ada' });
    vi.stubGlobal('process', undefined);
    expect(() => optionsInEnvironment('ACME', names, undefined)).toThrow('ACME_USERNAME');
    vi.unstubAllGlobals();
  });
});
