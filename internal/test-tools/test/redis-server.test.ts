import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { expect, test } from 'vitest';
import { redisServer, startRedis } from '../src/index.ts';

/** What the server answers to one command. */
async function ask(port: number, command: string): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  socket.write(`${command}\r\nQUIT\r\n`);
  return (await text(socket)).replace('+OK\r\n', '');
}

test.runIf(redisServer().path)('a Redis that is killed comes back empty, on the same port', async () => {
  await using redis = await startRedis();
  await ask(redis.port, 'SET key value');
  expect(await ask(redis.port, 'GET key')).toContain('value');
  await redis.kill();
  await expect(ask(redis.port, 'GET key')).rejects.toThrow('ECONNREFUSED');
  await redis.restart();
  expect(await ask(redis.port, 'GET key')).not.toContain('value');
});
