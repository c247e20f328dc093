import type { Emulator } from '@auth/testing/emulator';

export const vendorNames = ['joor', 'bearerLogin', 'passwordRefresh', 'jwtLogin'] as const;
export type VendorName = (typeof vendorNames)[number];

/** The part of a vendor's server that fits into JSON: its URLs, and an account that can log in. */
export interface VendorPlace<Name extends VendorName> {
  readonly options: Emulator[Name]['options'];
  readonly apiUrl: string;
}

/** The servers that a runtime talks to. */
export type Place = { readonly url: string; readonly tokenEndpoint: string } & {
  readonly [Name in VendorName]: VendorPlace<Name>;
};

/** Describes an emulator to other processes. */
export function placeOf(emulator: Emulator): Place {
  const { url, joor, bearerLogin, passwordRefresh, jwtLogin } = emulator;
  return {
    url,
    tokenEndpoint: joor.tokenEndpoint,
    joor: { options: joor.options, apiUrl: joor.apiUrl },
    bearerLogin: { options: bearerLogin.options, apiUrl: bearerLogin.apiUrl },
    passwordRefresh: { options: passwordRefresh.options, apiUrl: passwordRefresh.apiUrl },
    jwtLogin: { options: jwtLogin.options, apiUrl: jwtLogin.apiUrl },
  };
}
