import type { Emulator } from '@auth/testing/emulator';

/** The vendors of the packages, by their names in the emulator. */
export const vendorNames = ['joor', 'bearerLogin', 'passwordRefresh', 'jwtLogin', 'keycloak'] as const;
export type VendorName = (typeof vendorNames)[number];

/** The vendors of the examples. */
export const exampleNames = ['magento', 'proxmox', 'zabbix'] as const;
export type ExampleName = (typeof exampleNames)[number];

/** The part of a vendor's server that fits into JSON: its URLs, and an account that can log in. */
export interface VendorPlace<Name extends VendorName | ExampleName> {
  readonly options: Emulator[Name]['options'];
  readonly apiUrl: string;
}

/** The servers that a runtime talks to. */
export type Place = { readonly url: string; readonly tokenEndpoint: string } & {
  readonly [Name in VendorName | ExampleName]: VendorPlace<Name>;
};

/** Describes an emulator to other processes. */
export function placeOf(emulator: Emulator): Place {
  const { url, joor } = emulator;
  const places = [...vendorNames, ...exampleNames].map((name) => {
    const { options, apiUrl } = emulator[name];
    return [name, { options, apiUrl }];
  });
  return { url, tokenEndpoint: joor.tokenEndpoint, ...Object.fromEntries(places) };
}
