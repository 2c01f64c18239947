/** Archives of mongodump, made by hand: common/archive/spec.md of the MongoDB tools. */
import { BSON } from 'mongodb';
import { MAGIC, TERMINATOR } from '../../../../engines/mongodb/archive/archive-parser';
import { ArchiveReader } from '../../../../engines/mongodb/archive/archive-reader';
import { Crc64 } from '../../../../engines/mongodb/archive/crc64';

/** A collection of an archive. */
export interface MadeCollection {
  readonly database: string;
  readonly collection: string;
  readonly type?: string;
  /** Options and indexes. */
  readonly metadata?: BSON.Document;
  readonly documents: readonly (BSON.Document | Buffer)[];
}

export const bson = (document: BSON.Document): Buffer =>
  Buffer.from(BSON.serialize(document, { ignoreUndefined: true }));

const bytesOf = (documents: MadeCollection['documents']): Buffer =>
  Buffer.concat(documents.map((one) => (Buffer.isBuffer(one) ? one : bson(one))));

/** Magic number, header and what is announced. */
export function prelude(collections: readonly MadeCollection[], header: BSON.Document = {}): Buffer {
  const head = {
    ...{ concurrent_collections: 4, version: '0.1', server_version: '8.0.4', tool_version: '100.13.0' },
    ...header,
  };
  const announced = collections.map(({ database, collection, type = 'collection', metadata }) =>
    bson({
      ...{ db: database, collection, metadata: metadata ? BSON.EJSON.stringify(metadata, { relaxed: false }) : '' },
      ...{ size: 0, type },
    }),
  );
  return Buffer.concat([MAGIC, bson(head), ...announced, TERMINATOR]);
}

/** Name of the collection as the blocks of its documents have it. */
const dataName = ({ collection, type }: MadeCollection) =>
  type === 'timeseries' ? `system.buckets.${collection}` : collection;

/** A block of documents of a collection. */
export const segment = (of: MadeCollection, documents: MadeCollection['documents']): Buffer =>
  Buffer.concat([
    bson({ db: of.database, collection: dataName(of), EOF: false, CRC: BSON.Long.ZERO }),
    bytesOf(documents),
    TERMINATOR,
  ]);

/** The block that ends a collection. */
export function end(of: MadeCollection, documents = of.documents): Buffer {
  const crc = new Crc64();
  crc.add(bytesOf(documents));
  const header = {
    db: of.database,
    collection: dataName(of),
    EOF: true,
    CRC: BSON.Long.fromBigInt(BigInt.asIntN(64, crc.value)),
  };
  return Buffer.concat([bson(header), TERMINATOR]);
}

/** An archive whose collections come one after the other. */
export const archive = (collections: readonly MadeCollection[], header?: BSON.Document): Buffer =>
  Buffer.concat([
    prelude(collections, header),
    ...collections.flatMap((one) => [segment(one, one.documents), end(one)]),
  ]);

/** The collections of an archive, to be changed and put together again. */
export function collectionsOf(bytes: Buffer): MadeCollection[] {
  const documents = new Map<object, Buffer[]>();
  const reader = new ArchiveReader({
    document: (namespace, one) => documents.set(namespace, [...(documents.get(namespace) ?? []), Buffer.from(one)]),
  });
  reader.see(bytes);
  return reader.end().namespaces.map((namespace) => {
    const { metadata, ...rest } = namespace;
    return {
      ...{ database: rest.database, collection: rest.collection, type: rest.type },
      ...(metadata !== '' && { metadata: BSON.EJSON.parse(metadata, { relaxed: false }) as BSON.Document }),
      documents: documents.get(namespace) ?? [],
    };
  });
}
