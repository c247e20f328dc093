import { expectInstalled, type Program } from './installed.ts';

/** The browser, and the arguments to start it without a display or a network. */
export function chromium(): Program & { readonly args: readonly string[] } {
  const install = 'apt-get install -y --no-install-recommends chromium';
  return { ...expectInstalled(['chromium', 'chromium-browser'], 'tests in a browser', install), args };
}

const args = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];
