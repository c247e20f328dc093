/** The fields of a form, or undefined where the body is none of these types. */
export async function readForm(
  request: Request,
  types: readonly ('application/x-www-form-urlencoded' | 'multipart/form-data' | 'application/json')[],
): Promise<ReadonlyMap<string, string> | undefined> {
  const type = request.headers.get('content-type')?.split(';')[0]?.trim().toLowerCase() ?? '';
  if (!types.some((known) => known === type)) return undefined;
  try {
    const entries =
      type === 'application/json'
        ? Object.entries((await request.json()) as object)
        : [...(await request.formData())];
    return new Map(entries.map(([name, value]) => [name, String(value)]));
  } catch {
    return undefined;
  }
}

/**
 * Whether a path is meant for a token endpoint. If no endpoint has that path, the base URL is wrong, and the answer
 * must not look like a refused login.
 */
export function isAuthPath(request: Request): boolean {
  return /\/auth(\/|$)/.test(new URL(request.url).pathname);
}

/** The token behind `Bearer` in a header. */
export function bearerOf(request: Request, header = 'authorization'): string | undefined {
  return /^Bearer ([\x21-\x7e]+)$/i.exec(request.headers.get(header) ?? '')?.[1];
}

/** The user and the password of HTTP Basic, which OAuth 2.0 encodes as in a form (RFC 6749 section 2.3.1). */
export function basicOf(request: Request): { readonly user: string; readonly password: string } | undefined {
  const encoded = /^Basic ([A-Za-z0-9+/]+=*)$/i.exec(request.headers.get('authorization') ?? '')?.[1];
  if (encoded === undefined) return undefined;
  const [user = '', password = ''] = atob(encoded)
    .split(/:(.*)/s)
    .map((part) => new URLSearchParams(`part=${part}`).get('part') ?? '');
  return { user, password };
}

export function json(status: number, body: unknown, headers: Record<string, string> = {}): Response {
  return new Response(JSON.stringify(body), {
    status,
    headers: { 'content-type': 'application/json', ...headers },
  });
}
