import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Paths of the files of a private authority, of a server, and of a client. */
export interface Certificates extends Disposable {
  readonly ca: string;
  readonly server: { readonly certificate: string; readonly key: string };
  readonly client: { readonly certificate: string; readonly key: string };
}

/**
 * Makes an authority that lasts for a day, with Debian's openssl.
 *
 * @param host the server's name
 */
export function makeCertificates(host = 'localhost'): Certificates {
  const folder = mkdtempSync(join(tmpdir(), 'certificates-'));
  const path = (name: string): string => join(folder, name);
  const make = (
    name: string,
    subject: string,
    ...options: string[]
  ): { certificate: string; key: string } => {
    const pair = { certificate: path(`${name}.pem`), key: path(`${name}.key`) };
    const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '1'];
    const files = ['-keyout', pair.key, '-out', pair.certificate];
    execFileSync('openssl', ['req', '-x509', ...curve, '-subj', `/CN=${subject}`, ...files, ...options], {
      stdio: 'pipe',
    });
    return pair;
  };
  const authority = make('ca', 'a private authority');
  const signed = ['-CA', authority.certificate, '-CAkey', authority.key];
  return {
    ca: authority.certificate,
    server: make('server', host, ...signed, '-addext', `subjectAltName=DNS:${host}`),
    client: make('client', 'a client', ...signed),
    [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }),
  };
}
