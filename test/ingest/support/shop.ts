import assert from 'node:assert/strict';
import type { Catalogue } from '../../../src/catalogue/catalogue.ts';
import { buildCatalogue } from '../../../src/catalogue/compile/build-catalogue.ts';
import { faultText } from '../../../src/catalogue/compile/documents/fault.ts';

/** Keys of a property as they stand in a metadata file, besides what every property needs. */
export type ShopProperty = Readonly<Record<string, unknown>>;

export interface Shop {
  /** Of AcmeOrders, besides the key `OrderId`. */
  readonly properties: Readonly<Record<string, ShopProperty>>;
  readonly key?: ShopProperty;
  readonly write?: Readonly<Record<string, unknown>>;
  /** Further keys of the file, e.g. `fileDefaults`. */
  readonly more?: Readonly<Record<string, unknown>>;
  /** A dimension AcmeCustomers, taken from these properties of orders: its key `Name`, and its `City`. */
  readonly customers?: { readonly Name: string; readonly City: string };
  /** What orders name stays known when they name it no more. */
  readonly stays?: boolean;
  /** Keys of these two, e.g. their personal data. */
  readonly customerKinds?: Readonly<Record<'Name' | 'City', string>>;
  /** A second export that writes AcmeOrders' rows too, with these properties. */
  readonly customerFiles?: boolean;
}

const property = (given: ShopProperty): unknown => ({
  type: 'String',
  personalData: 'none',
  description: 'Of the test.',
  example: example(given),
  ...given,
});

/** A cell that the property takes. */
function example({ type = 'String' }: ShopProperty): string {
  if (type === 'DateTimeOffset') {
    return '2026-01-01T00:00:00Z';
  }
  if (type === 'Date') {
    return '2026-01-01';
  }
  if (type === 'TimeOfDay') {
    return '10:15';
  }
  if (type === 'Boolean') {
    return 'yes';
  }
  return '1';
}

/** The metadata of a made-up vendor as one file a set: JSON is YAML. */
export function shopFiles(shop: Shop): readonly { readonly file: string; readonly text: string }[] {
  const { properties, key = { type: 'Int64' }, write = { mode: 'upsert' }, customers } = shop;
  const orders = {
    set: 'Orders',
    title: 'Orders',
    description: 'Of the test.',
    files: [{ name: '^orders', example: 'orders.csv' }],
    key: ['OrderId'],
    write,
    ...shop.more,
    properties: Object.fromEntries(
      Object.entries({ OrderId: key, ...properties }).map(([name, given]) => [name, property(given)]),
    ),
  };
  const source = { title: 'Acme', description: 'Of the test.', kind: 'files', prefix: 'Acme' };
  const files = [
    { file: 'acme/source.yaml', text: JSON.stringify(source) },
    { file: 'acme/orders.yaml', text: JSON.stringify(orders) },
  ];
  if (customers === undefined) {
    return files;
  }
  const dimension = {
    set: 'Customers',
    title: 'Customers',
    description: 'Of the test.',
    key: ['Name'],
    properties: {
      Name: property({ personalData: shop.customerKinds?.Name ?? 'none' }),
      City: property({ personalData: shop.customerKinds?.City ?? 'none' }),
    },
    dimension: [{ set: 'Orders', columns: customers, rank: 1, follows: shop.stays !== true }],
  };
  return [...files, { file: 'acme/customers.yaml', text: JSON.stringify(dimension) }];
}

export function shopCatalogue(shop: Shop): Catalogue {
  const { catalogue, faults } = buildCatalogue(shopFiles(shop), {});
  assert.deepEqual(faults.map(faultText), []);
  assert.ok(catalogue !== null);
  return catalogue;
}
