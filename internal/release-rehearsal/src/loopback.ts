import { BlockList, isIP } from 'node:net';
import { type Manifest, scopeOf } from './workspace.ts';

const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8, 'ipv4');
loopback.addAddress('::1', 'ipv6');

/**
 * Called before anything is published in a rehearsal.
 *
 * @throws Error unless the setting is the URL of a registry on this machine
 */
export function assertLoopback(name: string, setting: string | undefined): void {
  const url = URL.parse(setting ?? '');
  const host = url?.hostname.replace(/^\[|\]$/g, '') ?? '';
  const isHere =
    host === 'localhost' || (isIP(host) > 0 && loopback.check(host, isIP(host) === 4 ? 'ipv4' : 'ipv6'));
  if (!isHere) {
    const found =
      setting === undefined || setting === '' ? 'not set' : url === null ? 'no URL' : `on ${url.host}`;
    throw new Error(`${name} must point at loopback, and is ${found}: nothing is published`);
  }
}

/** @throws Error for a package whose `publishConfig` names a registry, which would overrule the setting */
export function assertNoRegistryOfItsOwn(manifest: Manifest): void {
  for (const name of ['registry', `${scopeOf(manifest)}:registry`]) {
    if (manifest.publishConfig?.[name] !== undefined)
      throw new Error(`${manifest.name} has publishConfig.${name}: nothing is published`);
  }
}
