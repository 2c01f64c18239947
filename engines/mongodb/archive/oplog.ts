import { documentOf, fieldsOf, stringOf, stringValue, withValue, type RawField } from './documents';
import { collectionOf, isBuckets } from './names';

/** Types of BSON. */
const [STRING, DOCUMENT, ARRAY] = [2, 3, 4];
/** In place of a collection: the operation is a command. */
const COMMAND = '$cmd';
/** A document of it is a view, or what people see of a time series; its key is the name, with the database. */
const VIEWS = 'system.views';
/** What an operation on such a document does. */
const OF_VIEWS: Readonly<Record<string, string | undefined>> = { i: 'create', u: 'collMod', d: 'drop' };
/** They end a transaction whose operations were entries before. Without them, none of it is replayed. */
const ENDS_OF_TRANSACTIONS = ['commitTransaction', 'abortTransaction'];

/** One operation of the oplog. */
export interface Operation {
  /** `i`, `u`, `d`: inserts, updates, deletes a document; `c`: a command; others do nothing to data. */
  readonly kind: string;
  readonly database: string;
  /** Of a command: the collection that it names; empty if it is about a database. */
  readonly collection: string;
  /** Key of the document, as its bytes are, name and type included. */
  readonly key?: Buffer;
  /** Of a command: its name. */
  readonly command?: string;
  /** The oldest tools that replay it, if older ones may fail. */
  readonly tools?: string;
}

/** Writes to a time series: https://jira.mongodb.org/browse/TOOLS-4373. */
const TOOLS_OF_SERIES = '100.20.0';
/** Changes of an index: https://jira.mongodb.org/browse/TOOLS-4071 and TOOLS-4075. */
const TOOLS_OF_INDEXES = '100.15.0';

/** Where the operations of a collection go: the new name of its database; nothing if they are left out. */
export type Places = (database: string, collection: string) => string | undefined;

/** Operations of an entry; those of a transaction are many. */
export function operationsOf(entry: Buffer): Operation[] {
  const fields = fieldsOf(entry);
  const inner = transactionOf(fields);
  return inner ? fieldsOf(inner.value).flatMap(({ value }) => operationsOf(value)) : [operationOf(fields)];
}

/**
 * An entry as it is replayed elsewhere.
 *
 * @returns nothing if all of it is left out
 */
export function placedEntry(entry: Buffer, places: Places): Buffer | undefined {
  const fields = fieldsOf(entry);
  const inner = transactionOf(fields);
  if (!inner) {
    const { kind, database, collection, command } = operationOf(fields);
    if (command !== undefined && ENDS_OF_TRANSACTIONS.includes(command)) return entry;
    const to = kind === 'n' ? undefined : places(database, collection);
    if (to === undefined) return undefined;
    return to === database ? entry : renamed(fields, database, to);
  }
  // An empty transaction stays: the entries that end it refer to it.
  const kept = fieldsOf(inner.value).flatMap((field) => {
    const placed = placedEntry(field.value, places);
    return placed ? [withValue(field, placed)] : [];
  });
  return replaced(fields, 'o', ({ value }) => replaced(fieldsOf(value), inner.name, () => documentOf(kept)));
}

function operationOf(fields: readonly RawField[]): Operation {
  const within = (name: string): RawField[] => {
    const field = fields.find((one) => one.name === name && one.type === DOCUMENT);
    return field ? fieldsOf(field.value) : [];
  };
  const [kind, ns] = [textOf(fields, 'op'), textOf(fields, 'ns')];
  const dot = ns.indexOf('.');
  const [database, collection] = [ns.slice(0, dot), collectionOf(ns.slice(dot + 1))];
  if (collection === COMMAND) {
    const [first] = within('o');
    const named = first?.type === STRING ? stringOf(first) : '';
    const changesIndex = first?.name === 'collMod' && within('o').some(({ name }) => name === 'index');
    return {
      ...{ kind, database, collection: collectionOf(named) },
      ...(first && { command: first.name }),
      ...(changesIndex && { tools: TOOLS_OF_INDEXES }),
    };
  }
  const keyed = within(kind === 'u' ? 'o2' : 'o');
  if (collection === VIEWS)
    return { kind: 'c', database, collection: viewIn(database, keyed), command: OF_VIEWS[kind] ?? kind };
  const key = keyed.find(({ name }) => name === '_id')?.bytes;
  const ofSeries = ['i', 'u', 'd'].includes(kind) && isBuckets(ns.slice(dot + 1));
  return { kind, database, collection, ...(key && { key }), ...(ofSeries && { tools: TOOLS_OF_SERIES }) };
}

/** The view that a document of {@link VIEWS} is. */
function viewIn(database: string, document: readonly RawField[]): string {
  const name = textOf(document, '_id');
  return collectionOf(name.startsWith(`${database}.`) ? name.slice(database.length + 1) : name);
}

/** The entry in a database of another name. */
function renamed(fields: readonly RawField[], database: string, to: string): Buffer {
  const inTo = (name: RawField): Buffer => stringValue(to + stringOf(name).slice(database.length));
  const entry = replaced(fields, 'ns', inTo);
  if (textOf(fields, 'ns') !== `${database}.${VIEWS}`) return entry;
  return ['o', 'o2'].reduce(
    (views, name) => replaced(fieldsOf(views), name, ({ value }) => replaced(fieldsOf(value), '_id', inTo)),
    entry,
  );
}

/** The text of a field; empty if it is none, or not there. */
function textOf(fields: readonly RawField[], name: string): string {
  const field = fields.find((one) => one.name === name && one.type === STRING);
  return field ? stringOf(field) : '';
}

/** The operations of a transaction, if the entry is one. */
function transactionOf(fields: readonly RawField[]): RawField | undefined {
  // A document may have a field of that name, too.
  if (textOf(fields, 'op') !== 'c') return undefined;
  const object = fields.find(({ name, type }) => name === 'o' && type === DOCUMENT);
  return object && fieldsOf(object.value).find(({ name, type }) => name === 'applyOps' && type === ARRAY);
}

const replaced = (fields: readonly RawField[], name: string, change: (field: RawField) => Buffer): Buffer =>
  documentOf(fields.map((field) => (field.name === name ? withValue(field, change(field)) : field.bytes)));
