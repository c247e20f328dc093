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

/** Options whose value may be a body from standard input, and how it is written there. */
const bodies: ReadonlyMap<string, RegExp> = new Map([
  ...words('-d --data --data-ascii --data-binary --data-urlencode --json').map(
    (name) => [name, /^(\w+)?@-/] as const,
  ),
  ...words('-F --form').map((name) => [name, /=[@<]-/] as const),
  ...words('-T --upload-file').map((name) => [name, /^[-.]$/] as const),
]);

/** What is to be known of curl's options. */
export interface CurlOptions {
  /** The body is read from standard input: it can be sent once. */
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
    readsInput ||= bodies.get(name)?.test(given) === true;
  }
  return { readsInput, followsRedirects };
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
