import type { Document } from 'mongodb';
import { BSON, Timestamp, UUID } from 'mongodb';

/** A collection, a view or a time series, as `listCollections` shows it. */
export interface MongoCollection {
  /** @default `collection` */
  readonly type?: 'collection' | 'view' | 'timeseries';
  readonly options?: Document;
  /** Beside the one of `_id`. */
  readonly indexes?: readonly Document[];
  readonly documents?: Document[];
}

/** An error of a server: https://www.mongodb.com/docs/manual/reference/error-codes/ */
export const failure = (code: number, codeName: string, errmsg: string): Document => ({
  ok: 0,
  errmsg,
  code,
  codeName,
});

const FIRST_BATCH = 101;
const BATCH = 1000;

/** What all members of a set hold, in memory. */
export class Data {
  readonly collections = new Map<string, MongoCollection & { readonly uuid: UUID; readonly documents: Document[] }>();
  private readonly cursors = new Map<number, { readonly ns: string; readonly rest: Iterator<Document> }>();
  private clock = 0;

  /** Makes or replaces a collection. */
  set(ns: string, collection: MongoCollection = {}): void {
    this.collections.set(ns, { ...collection, uuid: new UUID(), documents: collection.documents ?? [] });
  }

  documentsOf(ns: string): Document[] {
    return this.collections.get(ns)?.documents ?? [];
  }

  /** Appends an entry to the oplog, as https://www.mongodb.com/docs/manual/core/replica-set-oplog/ has them. */
  log(entry: Document): void {
    const seconds = Math.floor(Date.now() / 1000);
    const [ts, wall] = [new Timestamp({ t: seconds, i: ++this.clock }), new Date()];
    this.documentsOf('local.oplog.rs').push({
      ts,
      t: BSON.Long.fromNumber(1),
      v: BSON.Long.fromNumber(2),
      wall,
      ...entry,
    });
  }

  /** The newest moment of the oplog. */
  get optime(): Document {
    return {
      ts: (this.documentsOf('local.oplog.rs').at(-1)?.ts as unknown) ?? new Timestamp(0n),
      t: BSON.Long.fromNumber(1),
    };
  }

  get databases(): string[] {
    return [...new Set([...this.collections.keys()].map((ns) => ns.split('.')[0]!))];
  }

  listCollections(database: string, filter: Document = {}): Document[] {
    return this.in(database)
      .map(([name, { type = 'collection', options = {}, uuid }]) => ({
        ...{ name, type, options, info: type === 'view' ? { readOnly: true } : { readOnly: false, uuid } },
        ...(type === 'collection' ? { idIndex: ID_INDEX } : {}),
      }))
      .filter((one) => matches(one, filter));
  }

  /** `undefined` where there is no such collection. */
  listIndexes(ns: string): Document[] | undefined {
    const found = this.collections.get(ns);
    return found && [ID_INDEX, ...(found.indexes ?? [])];
  }

  find(ns: string, { filter, sort, limit = 0, batchSize = FIRST_BATCH, singleBatch = false }: Document): Document {
    const isBackward = Object.values((sort as Document | undefined) ?? {})[0] === -1;
    const all = this.documentsOf(ns).filter((one) => matches(one, (filter as Document | undefined) ?? {}));
    const chosen = (isBackward ? all.reverse() : all).slice(0, Math.abs(Number(limit)) || undefined);
    return this.cursor(ns, chosen, singleBatch ? chosen.length : Number(batchSize));
  }

  /** The reply to a command that begins a cursor. */
  cursor(ns: string, documents: Iterable<Document>, batchSize = FIRST_BATCH): Document {
    const rest = documents[Symbol.iterator]();
    const { batch, done } = take(rest, batchSize);
    const id = done ? 0 : this.cursors.size + 1;
    if (!done) this.cursors.set(id, { ns, rest });
    return { cursor: { firstBatch: batch, id: BSON.Long.fromNumber(id), ns }, ok: 1 };
  }

  next(id: number, batchSize = BATCH): Document {
    const found = this.cursors.get(id);
    if (!found) return failure(43, 'CursorNotFound', `cursor id ${id} not found`);
    const { batch, done } = take(found.rest, batchSize);
    return { cursor: { nextBatch: batch, id: BSON.Long.fromNumber(done ? 0 : id), ns: found.ns }, ok: 1 };
  }

  private in(database: string) {
    const prefix = `${database}.`;
    const own = [...this.collections].filter(([ns]) => ns.startsWith(prefix));
    return own.map(([ns, collection]) => [ns.slice(prefix.length), collection] as const);
  }
}

const ID_INDEX = { v: 2, key: { _id: 1 }, name: '_id_' };

function take(from: Iterator<Document>, count: number): { batch: Document[]; done: boolean } {
  const batch: Document[] = [];
  while (batch.length < count) {
    const { done, value } = from.next() as IteratorResult<Document, undefined>;
    if (done) return { batch, done: true };
    batch.push(value!);
  }
  return { batch, done: false };
}

/** Whether a document is what a filter asks for; of the operators, those that the tools and the program use. */
export const matches = (document: Document, filter: Document): boolean =>
  Object.entries(filter).every(([name, wanted]: [string, unknown]) => {
    if (name === '$and') return (wanted as Document[]).every((part) => matches(document, part));
    const value = name.split('.').reduce<unknown>((inner, part) => (inner as Document | undefined)?.[part], document);
    const operators = Object.entries((wanted as Document | null) ?? {}).filter(([operator]) =>
      operator.startsWith('$'),
    );
    if (operators.length === 0) return compare(value, wanted) === 0;
    return operators.every(([operator, operand]) => COMPARE[operator]!(value, operand));
  });

const COMPARE: Readonly<Record<string, (value: unknown, operand: unknown) => boolean>> = {
  $gte: (value, operand) => compare(value, operand) >= 0,
  $lte: (value, operand) => compare(value, operand) <= 0,
  $gt: (value, operand) => compare(value, operand) > 0,
  $ne: (value, operand) => compare(value, operand) !== 0,
  $in: (value, operand) => (operand as unknown[]).some((one) => compare(value, one) === 0),
  $exists: (value, operand) => (value !== undefined) === Boolean(operand),
  $regex: (value, operand) => new RegExp(operand as string).test(String(value)),
};

function compare(value: unknown, other: unknown): number {
  if (value instanceof Timestamp && other instanceof Timestamp) return value.compare(other);
  if (typeof value === 'number' && typeof other === 'number') return value - other;
  return value === other ? 0 : NaN;
}
