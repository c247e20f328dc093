import { describe, expect, test } from 'vitest';
import { passwordRefreshProvider, simacan } from '../src/index.js';

const account = { ...simacan('staging'), username: 'ada', password: 'p&ss=wörd' };

describe('options', () => {
  test('Simacan’s places', () => {
    expect(simacan('production')).toEqual({
      baseUrl: 'https://auth-service.services.simacan.com/api/v1',
      allowedOrigins: ['https://*.services.simacan.com'],
    });
    expect(passwordRefreshProvider(account)).toMatchObject({
      name: 'password-refresh',
      issuer: 'https://auth-service-stg.services.simacan.com/api/v1',
      account: '{"username":"ada"}',
    });
    expect(() => simacan('test' as never)).toThrow('environment: expected one of production, staging');
  });

  test('staging has a server of its own, and its tokens go to the same APIs', () => {
    const [production, staging] = [simacan('production'), simacan('staging')];
    expect(staging.baseUrl).toBe('https://auth-service-stg.services.simacan.com/api/v1');
    expect(staging.baseUrl).not.toBe(production.baseUrl);
    expect(staging.allowedOrigins).toEqual(production.allowedOrigins);
  });

  test.each([undefined, null, '', 'Production', 'toString', '__proto__'])(
    '%j is no environment of Simacan’s',
    (environment) => {
      expect(() => simacan(environment as never)).toThrow(
        expect.objectContaining({
          code: 'invalid_options',
          detail: 'environment: expected one of production, staging',
        }),
      );
    },
  );
});
