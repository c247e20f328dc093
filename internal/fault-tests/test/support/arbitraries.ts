import fc from 'fast-check';
import { canary } from './ends-well.js';
import { type ProviderName, providers } from './providers.js';

/** Anything, and errors and objects that quote what must not be quoted. */
export const withCanary = fc.oneof(
  fc.anything(),
  fc.constantFrom<unknown>(
    canary,
    new Error(canary),
    new TypeError('outer', { cause: new Error(canary) }),
    Object.assign(new Error('with a body'), { code: canary, request: { body: canary } }),
    { message: canary, name: canary, code: `E_${canary}` },
  ),
);
export const json = fc.jsonValue({ maxDepth: 3 });
const header = fc.oneof(
  fc.string({ unit: fc.constantFrom(...'0123456789 -+.,;:="/abcGMTe\t'), maxLength: 40 }),
  fc.constantFrom(
    '-1',
    '0',
    '1e9',
    'NaN',
    'Infinity',
    '2147484',
    'Mon, 01 Jan 2035 00:00:00 GMT',
    'Bearer error="invalid_token"',
  ),
);
const location = fc.oneof(
  header,
  fc.constantFrom('', '//', 'http://', 'javascript:alert(1)', 'https://[::', '/x#y', 'http://api.example/'),
  fc.webUrl(),
);
export const headers = fc.record(
  { 'retry-after': header, date: header, 'www-authenticate': header, 'content-type': header, location },
  { requiredKeys: [] },
);
export const status = fc.constantFrom(
  200,
  201,
  204,
  206,
  302,
  400,
  401,
  403,
  404,
  408,
  409,
  418,
  422,
  429,
  500,
  502,
  503,
  504,
);

/** The body of a token answer: a vendor's fields, some of them wrong, or something else altogether. */
export function bodyFor(name: ProviderName): fc.Arbitrary<string> {
  const fields = Object.fromEntries(
    Object.entries(providers[name].good).map(([field, value]) => [
      field,
      fc.oneof(fc.constant(value), json, fc.constant(`${canary}\u0000`)),
    ]),
  );
  return fc.oneof(
    fc.record(fields, { requiredKeys: [] }).map((body) => JSON.stringify({ ...body, note: canary })),
    json.map((body) => JSON.stringify(body)),
    fc.string({ maxLength: 200 }).map((text) => text + canary),
    fc.record(fields).map((body) => JSON.stringify(body).slice(0, -2)),
    fc.constantFrom(
      `{"__proto__":{"polluted":"${canary}"},"access_token":"x"}`,
      `[${'['.repeat(5_000)}`,
      `{"access_token":"${'x'.repeat(20_000)}","token":"${canary}"}`,
      '<html><body>'.padEnd(3_000, canary),
    ),
  );
}
