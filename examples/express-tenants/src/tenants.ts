import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';

/** A customer of ours, and their account at Simacan. */
export interface Tenant {
  readonly name: string;
  /** SHA-256, in hex, of the key that the tenant calls us with. */
  readonly apiKeyHash: string;
  readonly username: string;
  readonly password: string;
}

/** Reads the tenants from a file such as a mounted secret. Returns a function that finds the tenant of a key. */
export async function readTenants(path: string): Promise<(apiKey: string) => Tenant | undefined> {
  const tenants: readonly Tenant[] = JSON.parse(await readFile(path, 'utf8'));
  const byHash = new Map(tenants.map((tenant) => [tenant.apiKeyHash, tenant]));
  return (apiKey) => byHash.get(createHash('sha256').update(apiKey).digest('hex'));
}
