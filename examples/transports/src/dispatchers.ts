import { readFileSync } from 'node:fs';
import { Agent, type Dispatcher, ProxyAgent } from 'undici';

/**
 * Through a proxy that asks for a password. Tunnels to https; `requestTls` is
 * for the server at its end.
 */
export function throughProxy(
  uri: string,
  username: string,
  password: string,
  ca?: string,
): Dispatcher {
  const pair = Buffer.from(`${username}:${password}`).toString('base64');
  const token = `Basic ${pair}`;
  return new ProxyAgent({
    uri,
    token,
    ...(ca === undefined ? {} : { requestTls: { ca: readFileSync(ca) } }),
  });
}

/**
 * To servers whose certificates a private authority has signed. `ca`: path of
 * its certificate, PEM.
 */
export function trusting(ca: string): Dispatcher {
  return new Agent({ connect: { ca: readFileSync(ca) } });
}

/** Mutual TLS: to servers that ask for our certificate. Paths of PEM files. */
export function withCertificate(files: {
  ca: string;
  certificate: string;
  key: string;
}): Dispatcher {
  const [ca, cert, key] = [files.ca, files.certificate, files.key].map((path) =>
    readFileSync(path),
  );
  return new Agent({ connect: { ca, cert, key } });
}

/**
 * At most `connections` to an origin, each kept for half a minute after its
 * last request.
 */
export function withConnections(connections: number, ca: string): Dispatcher {
  return new Agent({
    connections,
    keepAliveTimeout: 30_000,
    connect: { ca: readFileSync(ca) },
  });
}
