import { expect, test } from 'vitest';
import { transportOver } from '../src/request/transport.js';

interface Sent {
  readonly input: unknown;
  readonly init: RequestInit;
}

/** A transport that takes the platform's Request, and one that takes its text for a URL; both tell what they sent. */
function platform(sent: Sent[]) {
  return async (input: string | URL | Request, init?: RequestInit): Promise<Response> => {
    const request = new Request(input, init);
    sent.push({ input: request.url, init: { method: request.method, body: await request.text() } });
    return new Response('sent');
  };
}
function stranger(sent: Sent[]) {
  return async (input: unknown, init: RequestInit = {}): Promise<Response> => {
    sent.push({ input: new URL(String(input)).href, init });
    return new Response('sent');
  };
}

const url = 'https://api.example.com/x';

test.each(['DELETE', 'POST'])(
  'a wrapper that logs the request after it was sent: %s goes out once',
  async (method) => {
    const sent: Sent[] = [];
    const send = platform(sent);
    const logged: string[] = [];
    const fetch = transportOver(async (input, init) => {
      const response = await send(input, init);
      logged.push(`${input} ${response.status}`);
      return response;
    });
    const body = method === 'POST' ? { body: 'order' } : {};
    expect((await fetch(new Request(url, { method, ...body }))).status).toBe(200);
    expect(sent).toHaveLength(1);
    expect(logged).toEqual([`${url} 200`]);
  },
);

test('a wrapper that fails after it has sent a body fails, and sends nothing more', async () => {
  const sent: Sent[] = [];
  const send = platform(sent);
  const fetch = transportOver(async (input, init) => {
    await send(input, init);
    throw new TypeError(`lost: ${input}`);
  });
  await expect(fetch(new Request(url, { method: 'POST', body: 'order' }))).rejects.toThrow(`lost: ${url}`);
  expect(sent).toHaveLength(1);
});

test('beside a Request, members of the init that say nothing change nothing', async () => {
  const sent: Sent[] = [];
  const fetch = transportOver(stranger(sent));
  const controller = new AbortController();
  const request = (): Request => new Request(url, { method: 'PUT', body: 'a', signal: controller.signal });
  const gaps = { method: undefined, signal: undefined, body: null } as never;
  for (let call = 0; call < 2; call++) await fetch(request(), gaps);
  controller.abort();
  for (const { init } of sent) {
    expect([init.method, new TextDecoder().decode(init.body as Uint8Array<ArrayBuffer>)]).toEqual([
      'PUT',
      'a',
    ]);
    expect(init.signal?.aborted).toBe(true);
  }
  expect(sent).toHaveLength(2);
});

test('a body of the init takes the place of the Request’s, which stays unread', async () => {
  for (const kind of [platform, stranger]) {
    const sent: Sent[] = [];
    const request = new Request(url, { method: 'POST', body: 'a' });
    const fetch = transportOver(kind(sent));
    for (let call = 0; call < 2; call++) await fetch(request, { body: 'b' });
    expect(sent.map(({ init }) => init.body)).toEqual(['b', 'b']);
    expect(await request.text()).toBe('a');
  }
});

test('bytes are handed over as bytes, and a Blob with a type as it is', async () => {
  const sent: Sent[] = [];
  const fetch = transportOver(stranger(sent));
  const picture = new Blob(['x'], { type: 'image/png' });
  await fetch(url, { method: 'POST', body: new Blob(['bytes']) });
  await fetch(url, { method: 'POST', body: picture });
  expect(sent.map(({ init }) => init.body)).toEqual([new TextEncoder().encode('bytes'), picture]);
});
