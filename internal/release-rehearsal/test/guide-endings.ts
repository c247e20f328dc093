/**
 * What is added to the examples of docs/guides, by their names, to see each at work: a program that ends with an error where
 * something is not as the page says. `emulator` is that of setup.ts.
 */
export const guideEndings: Readonly<Record<string, string>> = {
  'docs-guides-express-and-fastify-1': `
    import assert from 'node:assert/strict';
    import { setTimeout } from 'node:timers/promises';
    const { port } = server.address();
    const orders = () => fetch('http://127.0.0.1:' + port + '/orders');
    emulator.joor.answerNext({ status: 429, headers: { 'retry-after': '1' } });
    const busy = await orders();
    assert.deepEqual([busy.status, await busy.json()], [503, { error: 'rate_limited' }]);
    assert.ok(Date.parse(busy.headers.get('retry-after')) > 0);
    await setTimeout(1_100);
    const { status } = await orders();
    assert.equal(status, 200);
    process.kill(process.pid, 'SIGTERM');`,
  'docs-guides-express-and-fastify-2': `
    import assert from 'node:assert/strict';
    emulator.joor.dropNext(10);
    const away = await app.inject('/orders');
    assert.deepEqual([away.statusCode, away.json()], [503, { error: 'network' }]);
    emulator.joor.reset();
    await app.close();
    await assert.rejects(joor.getTokens(), { code: 'disposed' });`,
  'docs-guides-http-clients-1': `
    import assert from 'node:assert/strict';
    assert.deepEqual(await client.request('{ orders { id } }'), { orders: [{ id: 1 }] });`,
  'docs-guides-http-clients-2': `
    import assert from 'node:assert/strict';
    assert.deepEqual(await client.orders.query(), [{ id: 1 }]);`,
  'docs-guides-http-clients-3': `
    import assert from 'node:assert/strict';
    const connected = await connect();
    assert.equal(connected.getServerVersion().name, 'orders');
    await connected.close();`,
  'docs-guides-job-queue-1': `
    import assert from 'node:assert/strict';
    import { once } from 'node:events';
    import { Queue } from 'bullmq';
    emulator.joor.answerNext({ status: 429, headers: { 'retry-after': '1' } });
    const queue = new Queue('orders', { connection: client });
    await queue.add('order', { id: 1 });
    const [job, result] = await once(worker, 'completed');
    assert.equal(result.vendor, 'joor');
    // The first run met a refusal and has put itself off.
    assert.equal(job.attemptsMade, 1);
    assert.equal(job.attemptsStarted, 2);
    process.kill(process.pid, 'SIGTERM');`,
  'docs-guides-many-tenants-1': `
    import assert from 'node:assert/strict';
    import { memoryStore } from '@auth/core';
    const sessionOf = tenantSessions(memoryStore());
    const { SIMACAN_USERNAME: username, SIMACAN_PASSWORD: password } = process.env;
    const tenant = { name: 'north', username, password: async () => password };
    const session = sessionOf(tenant);
    assert.equal(session, sessionOf(tenant));
    assert.equal((await session.fetch('https://trips-stg.services.simacan.com/trips')).status, 200);
    await session.close();`,
  'docs-guides-nestjs-1': `
    import assert from 'node:assert/strict';
    import { NestFactory } from '@nestjs/core';
    const app = await NestFactory.createApplicationContext(OrdersModule, { logger: false });
    app.enableShutdownHooks();
    assert.equal((await app.get(Orders).list()).vendor, 'joor');
    const session = app.get(JOOR);
    await app.close();
    await assert.rejects(session.getTokens(), { code: 'disposed' });`,
  'docs-guides-nextjs-2': `
    import assert from 'node:assert/strict';
    assert.equal((await orders()).vendor, 'joor');
    assert.equal(joor(), joor());`,
  'docs-guides-serverless-1': `
    import assert from 'node:assert/strict';
    assert.equal((await handler()).statusCode, 200);
    client.disconnect();`,
  'docs-guides-serverless-2': `
    import assert from 'node:assert/strict';
    import { waited } from './workers.js';
    assert.equal((await worker.fetch()).status, 200);
    assert.ok(waited.length > 0);`,
  'docs-guides-streams-1': `
    import assert from 'node:assert/strict';
    import { once } from 'node:events';
    import { readFileSync } from 'node:fs';
    import { createServer } from 'node:https';
    import tls from 'node:tls';
    import { WebSocketServer } from 'ws';
    const pair = { key: readFileSync(process.env.TLS_KEY), cert: readFileSync(process.env.TLS_CERTIFICATE) };
    const server = createServer(pair);
    const seen = [];
    const verifyClient = ({ req }) => seen.push(req.headers.authorization) > 1;
    new WebSocketServer({ server, verifyClient }).on('connection', (socket) => socket.send('hello'));
    await once(server.listen(0, '127.0.0.1'), 'listening');
    // The API's name leads here.
    const tlsConnect = tls.connect;
    const here = { host: '127.0.0.1', port: server.address().port, rejectUnauthorized: false };
    tls.connect = (options) => tlsConnect({ ...options, ...here });
    const message = new Promise((resolve) => connect(resolve));
    assert.equal(await message, 'hello');
    assert.equal(new Set(seen).size, 2);
    process.exit();`,
  'docs-guides-streams-2': `
    import assert from 'node:assert/strict';
    const message = await new Promise((resolve) => events.addEventListener('message', resolve));
    assert.equal(message.data, 'hello');
    events.close();`,
  'docs-guides-streams-3': `
    import assert from 'node:assert/strict';
    import { readFileSync } from 'node:fs';
    import { Client, Server, ServerCredentials } from '@grpc/grpc-js';
    const pair = { private_key: readFileSync(process.env.TLS_KEY), cert_chain: readFileSync(process.env.TLS_CERTIFICATE) };
    const bytes = (each) => each;
    const method = {
      path: '/Orders/List',
      requestStream: false,
      responseStream: false,
      requestSerialize: bytes,
      requestDeserialize: bytes,
      responseSerialize: bytes,
      responseDeserialize: bytes,
    };
    const server = new Server();
    server.addService(
      { list: method },
      { list: ({ metadata }, answer) => answer(null, Buffer.from(metadata.get('authorization').join())) },
    );
    const port = await new Promise((resolve, reject) =>
      server.bindAsync('127.0.0.1:0', ServerCredentials.createSsl(null, [pair]), (error, bound) =>
        error ? reject(error) : resolve(bound),
      ),
    );
    const name = 'apisandbox.jooraccess.com';
    const options = { 'grpc.ssl_target_name_override': name, 'grpc.default_authority': name };
    const client = new Client('127.0.0.1:' + port, channel, options);
    const got = await new Promise((resolve, reject) =>
      client.makeUnaryRequest(method.path, bytes, bytes, Buffer.from(''), (error, answer) =>
        error ? reject(error) : resolve(String(answer)),
      ),
    );
    assert.equal(got, 'Bearer ' + (await joor.getAccessToken()));
    client.close();
    server.forceShutdown();`,
};

/** What is added to the workers of READMEs: one account is run, and a signal ends the worker. */
export const workerEnding = `
  import { createEnroller } from '@auth/fleet';
  await createEnroller({ queue }).add('4711');
  const hasRun = setInterval(() => {
    if (keeper.status().ran === 0) return;
    clearInterval(hasRun);
    console.log('ran');
    process.kill(process.pid, 'SIGTERM');
  }, 20);`;
