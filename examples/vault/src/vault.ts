/** Reads one field of a secret. */
export type ReadSecret = (path: string, field: string) => Promise<string>;

/** HashiCorp Vault's KV secrets engine, version 2, mounted at `secret/`. */
export function vault(address: string, token: string): ReadSecret {
  return async (path, field) => {
    const response = await fetch(`${address}/v1/secret/data/${path}`, {
      headers: { 'x-vault-token': token },
    });
    if (!response.ok) throw new Error(`Vault answered ${response.status}`);
    const { data } = (await response.json()) as { data: { data: Record<string, string> } };
    const value = data.data[field];
    if (value === undefined) throw new Error(`${path} has no ${field}`);
    return value;
  };
}
