/** What this process has used. */
export function usage(): { readonly cpuMs: number; readonly peakMiB: number } {
  const { user, system } = process.cpuUsage();
  return { cpuMs: (user + system) / 1_000, peakMiB: process.resourceUsage().maxRSS / 1_024 };
}
