/** The pnpm that runs this, or the same version by npx where this is run on its own. */
export function pnpm(): [string, ...string[]] {
  const running = process.env['npm_execpath'] ?? '';
  return /\bpnpm(\.\w+)?$/.test(running) ? [running] : ['npx', '-y', 'pnpm@12.21.0'];
}
