import { AuthError } from '@auth/core';

/** Variables by name, such as `process.env`, or the `env` of a worker. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** Which options stand in the environment: `clientId` of a provider with the prefix JOOR in JOOR_CLIENT_ID. */
export interface EnvironmentNames<
  Text extends string,
  Optional extends string,
  Secret extends string,
  OptionalSecret extends string,
> {
  readonly texts: readonly Text[];
  readonly optional?: readonly Optional[];
  /** Of these of `optional` one is needed. */
  readonly oneOf?: readonly Optional[];
  /** Read when they are needed: a build that imports the program has no secrets. */
  readonly secrets: readonly Secret[];
  readonly optionalSecrets?: readonly OptionalSecret[];
}

/** The options that stand in the environment. An empty variable counts as missing. */
export type OptionsInEnvironment<
  Text extends string,
  Optional extends string,
  Secret extends string,
  OptionalSecret extends string,
> = { readonly [Name in Text]: string } & { readonly [Name in Optional]?: string } & {
  readonly [Name in Secret]: () => string;
} & { readonly [Name in OptionalSecret]?: () => string } & { readonly allowedOrigins?: readonly string[] };

/**
 * Reads options from the environment; `allowedOrigins` is a list with spaces between. A secret becomes a function, which
 * throws `credentials_unavailable` where its variable is missing.
 *
 * @param environment default `process.env`
 * @throws AuthError `invalid_options` that names all variables that are missing
 */
export function optionsInEnvironment<
  Text extends string,
  Secret extends string,
  Optional extends string = never,
  OptionalSecret extends string = never,
>(
  prefix: string,
  names: EnvironmentNames<Text, Optional, Secret, OptionalSecret>,
  environment?: Environment,
): OptionsInEnvironment<Text, Optional, Secret, OptionalSecret> {
  const variables = environment ?? processEnvironment();
  const { texts, optional = [], oneOf = [], secrets, optionalSecrets = [] } = names;
  const textOf = (option: string): string | undefined => variables[variableOf(prefix, option)] || undefined;
  const isMissing = (option: string): boolean => textOf(option) === undefined;
  const lacking = (options: readonly string[]): string[] =>
    options.filter(isMissing).map((option) => variableOf(prefix, option));
  const choice = oneOf.every(isMissing) ? lacking(oneOf).join(' or ') : '';
  const lackingTexts = [...lacking(texts), ...(choice === '' ? [] : [choice])];
  if (lackingTexts.length > 0)
    throw new AuthError('invalid_options', { detail: notSet([...lackingTexts, ...lacking(secrets)]) });

  const read = (options: readonly string[]): [string, string][] =>
    options.flatMap((option): [string, string][] => {
      const value = textOf(option);
      return value === undefined ? [] : [[option, value]];
    });
  const secretIn = (option: string) => (): string => {
    const value = textOf(option);
    if (value !== undefined) return value;
    const detail = notSet([...new Set([variableOf(prefix, option), ...lacking(secrets)])]);
    throw new AuthError('credentials_unavailable', { delivery: 'not_sent', detail });
  };
  const functions = [...secrets, ...optionalSecrets.filter((option) => !isMissing(option))];
  const origins = textOf('allowedOrigins')?.trim().split(/\s+/);
  return {
    ...Object.fromEntries(read([...texts, ...optional])),
    ...Object.fromEntries(functions.map((option) => [option, secretIn(option)])),
    ...(origins && { allowedOrigins: origins }),
  } as OptionsInEnvironment<Text, Optional, Secret, OptionalSecret>;
}

function notSet(variables: readonly string[]): string {
  return `not set in the environment: ${variables.join(', ')}`;
}

/** JOOR and `clientId` make JOOR_CLIENT_ID. */
function variableOf(prefix: string, option: string): string {
  return `${prefix}_${option.replace(/[A-Z]/g, '_$&').toUpperCase()}`;
}

function processEnvironment(): Environment {
  return (globalThis as { process?: { env?: Environment } }).process?.env ?? {};
}
