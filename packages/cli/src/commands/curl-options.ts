import { statSync } from 'node:fs';
import { UsageError } from '../failures.js';

/**
 * The options of curl that are let through: they neither name another URL nor send the token elsewhere. Those with a value
 * are told apart, because what follows them is no URL.
 */
const flags = words(`
  --basic --compressed --create-dirs --fail --fail-early --fail-with-body --get --head --http1.1 --http2 --include
  --insecure --ipv4 --ipv6 --location --no-buffer --no-keepalive --no-progress-meter --path-as-is --progress-bar
  --remote-name --remote-time --show-error --silent --tcp-nodelay
  -# -4 -6 -f -G -i -I -k -L -N -O -R -s -S
`);
const withValue = words(`
  --cacert --capath --cert --cert-type --connect-timeout --continue-at --cookie --cookie-jar --data --data-ascii
  --data-binary --data-raw --data-urlencode --form --form-string --header --interface --json --key --key-type --limit-rate
  --max-filesize --max-time --noproxy --output --output-dir --range --referer --request --retry --retry-delay
  --retry-max-time --speed-limit --speed-time --stderr --tls-max --upload-file --url-query --user-agent --write-out
  -A -b -C -c -d -E -e -F -H -m -o -r -T -w -X -Y -y
`);

/** Options whose value names what curl writes. */
const outputs = words('-o --output --output-dir --stderr -c --cookie-jar');

/** What is to be known of curl's options. */
export interface CurlOptions {
  /** Something is read from standard input, a pipe or a terminal, the body for example: it can be sent once. */
  readonly readsInput: boolean;
  readonly followsRedirects: boolean;
}

/** Reads curl's options. @throws UsageError for one that could take the token elsewhere, or that is not known here */
export function checkCurlOptions(args: readonly string[]): CurlOptions {
  let readsInput = false;
  let followsRedirects = false;
  for (let at = 0; at < args.length; at++) {
    const argument = args[at] as string;
    const { name, value } = split(argument);
    if (flags.includes(name) && value === undefined) {
      followsRedirects ||= name === '-L' || name === '--location';
      continue;
    }
    if (!withValue.includes(name)) throw new UsageError(`${argument}: ${reasonAgainst(name)}`);
    const given = value ?? args[++at];
    if (given === undefined) throw new UsageError(`${argument}: expected a value`);
    readsInput ||= !outputs.includes(name) && namedIn(given).some(isReadOnce);
  }
  return { readsInput, followsRedirects };
}

/** The files that a value may name: itself, and what follows an @ or a < (`-d @file`, `-F 'name=<file;type=text/plain'`). */
function namedIn(value: string): string[] {
  return [value, ...[...value.matchAll(/[@<]([^;,]*)/g)].map(([, path = '']) => path)];
}

/** Standard input is `-`, or `.` for uploads. A file can be read again; of a pipe, a socket or a terminal nothing is left. */
function isReadOnce(path: string): boolean {
  if (path === '-' || path === '.') return true;
  if (path === '/dev/null') return false;
  try {
    const entry = statSync(path);
    return entry.isFIFO() || entry.isSocket() || entry.isCharacterDevice();
  } catch {
    // No file: most values are none, and some are longer than a name may be.
    return false;
  }
}

/** `-oFILE` is `-o FILE`. Flags that are joined are not taken apart. */
function split(argument: string): { readonly name: string; readonly value?: string } {
  if (!argument.startsWith('-') || argument.startsWith('--') || argument.length === 2)
    return { name: argument };
  const name = argument.slice(0, 2);
  return withValue.includes(name) ? { name, value: argument.slice(2) } : { name: argument };
}

/** Options that are refused by name, because somebody will miss them. */
const elsewhere = words(`
  --aws-sigv4 --config --connect-to --location-trusted --next --oauth2-bearer --preproxy --proxy --resolve --url --user
  -: -K -u -x
`);
const telling = words('--trace --trace-ascii --verbose -v');

function reasonAgainst(name: string): string {
  if (!name.startsWith('-')) return 'one URL a call, before the --';
  if (elsewhere.includes(name)) return 'it could send the token elsewhere, or replace it';
  if (telling.includes(name)) return 'it would print the token';
  return 'not among the options that auth curl hands on; write joined flags (-sS) one by one';
}

function words(text: string): string[] {
  return text.trim().split(/\s+/);
}
