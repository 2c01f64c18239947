import type { Manifest } from '../../catalog/bucket/manifest';

/** The ways in which a chain of a backup can be damaged, by number. Each engine says of each how it is done, or why it cannot be. */
export const KINDS = {
  1: 'last bytes of the stream missing',
  2: 'stream cut exactly on a boundary',
  3: 'a table missing',
  4: 'a table empty',
  5: 'one row missing',
  6: 'one row twice, without a key',
  7: 'one value changed, same length',
  8: 'two values swapped between columns',
  9: 'NULL and the empty text exchanged',
  10: 'trailing spaces and line ends changed',
  11: 'an emoji became ?',
  12: 'UTF-8 encoded twice',
  13: 'bytes of Latin-1 in a UTF-8 column',
  14: 'a byte of binary data changed',
  15: 'a bit or boolean flipped',
  16: 'last digit of a float changed',
  17: 'scale of a decimal changed',
  18: 'a moment shifted by a time zone',
  19: 'an extreme value replaced',
  20: 'next number of a key or sequence reset',
  21: 'kind of an automatic key changed',
  22: 'an index missing',
  23: 'a unique index became a plain one',
  24: 'a foreign key missing, or its rule changed',
  25: 'rows that refer to none',
  26: 'a check missing, or not enforced',
  27: 'a default lost',
  28: 'a generated column became a stored constant',
  29: 'order, nullability, length or collation of a column changed',
  30: 'settings of the database lost',
  31: 'a trigger missing',
  32: 'timing, order or state of a trigger changed',
  33: 'a routine missing',
  34: 'body, mode or security of a routine changed',
  35: 'an event missing, or its state changed',
  36: 'a view missing, or its definition changed',
  37: 'the account of a definer missing',
  38: 'rights, owner or row policy missing',
  39: 'rows behind a policy missing',
  40: 'a large object missing or empty',
  41: 'an extension or module missing',
  42: 'a materialized view without rows',
  43: 'a partition missing, or rows in another one',
  44: 'history of a table lost',
  45: 'a second schema or database missing',
  46: 'a value of an enumeration or domain missing',
  47: 'options of an index changed',
  48: 'options of a table lost',
  49: 'a number became one of another type',
  50: 'the data of an older backup',
  51: 'the source compared with itself',
  52: 'an empty database instead of a full one',
  53: 'an object of the backup is gone',
  54: 'bytes changed on the way from the bucket',
  55: 'the count of a table is another one',
  56: 'the data was wrong before the dump',
  57: 'an index does not have its rows',
  58: 'a comment or description changed',
} as const;
export type Kind = keyof typeof KINDS;

/** One damage, at the latest point where it can happen. */
export type Damage =
  /** The restored server, before it is dumped again: statements in it. */
  | { readonly at: 'restored'; readonly sql: string }
  /** The dump tool: the dump is one of a database in which these statements ran, all else of the backup is of the true one. */
  | { readonly at: 'dump'; readonly sql: string }
  /** The stored object, with a manifest that matches: its bytes before compression. */
  | { readonly at: 'stored'; readonly edit: (bytes: Buffer) => Buffer; readonly object?: RegExp }
  /** Between the bucket and the loader: its stored bytes; nothing if it is not there. */
  | { readonly at: 'transit'; readonly edit: (bytes: Buffer) => Buffer | undefined }
  /** The manifest's own words. */
  | { readonly at: 'manifest'; readonly edit: (manifest: Manifest) => Manifest }
  /** The source, before the backup: only what the team expects can see that. */
  | { readonly at: 'source'; readonly sql: string };

/** What an engine makes of the kinds; why one cannot be, in a phrase. */
export type Damages = Readonly<Record<Kind, Damage | readonly Damage[] | string>>;

/**
 * What is done in the same way to a backup of each engine, which has a table `book`.
 *
 * @param rows of that table
 */
export const sameForAll = (rows: number) =>
  ({
    51: 'no job of a test has the address of a source',
    53: { at: 'transit', edit: () => undefined },
    54: { at: 'transit', edit: (bytes) => Buffer.concat([bytes.subarray(0, -1), Buffer.from([bytes.at(-1)! ^ 1])]) },
    55: {
      at: 'manifest',
      edit: (manifest) => ({
        ...manifest,
        tables: manifest.tables.map((table) => (table.name === 'book' ? { ...table, rows: rows + 1 } : table)),
      }),
    },
    56: { at: 'source', sql: 'DELETE FROM book WHERE id > 300' },
  }) as const satisfies Partial<Damages>;
