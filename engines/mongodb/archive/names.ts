/** Where servers before 8.3 keep the data of a time series. */
const BUCKETS = 'system.buckets.';

/** Whether it holds the data of a time series. */
export const isBuckets = (name: string): boolean => name.startsWith(BUCKETS);

/** The collection whose data these are, as people know it. */
export const collectionOf = (name: string): string => (isBuckets(name) ? name.slice(BUCKETS.length) : name);

/** `shop.orders`; `oplog`, which is in no database. */
export const nameOf = ({ database, collection }: { readonly database: string; readonly collection: string }): string =>
  database === '' ? collection : `${database}.${collection}`;
