/** The pnpm that started this process, or the same version by npx if none did. */
export function pnpm(): [string, ...string[]] {
  const running = process.env['npm_execpath'] ?? '';
  return /\bpnpm(\.\w+)?$/.test(running) ? [running] : ['npx', '-y', 'pnpm@12.21.0'];
}
