/** Posts a form: multipart as FormData, otherwise URL-encoded. */
export function post(
  url: string,
  body: Record<string, string> | FormData | undefined,
  headers: Record<string, string> = {},
): Promise<Response> {
  return fetch(url, {
    method: 'POST',
    headers,
    ...(body && { body: body instanceof FormData ? body : new URLSearchParams(body) }),
  });
}

/** The status, and the body parsed. */
export async function jsonOf(response: Response) {
  return { status: response.status, body: await response.json() };
}
