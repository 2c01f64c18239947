import type { Document } from 'mongodb';
import { BSON } from 'mongodb';
import type { Data, MongoCollection } from './data';
import { failure, matches } from './data';
import type { Reply } from './replies';

/** Of a command that makes a collection: what is no option of it. */
const NO_OPTIONS = ['create', 'idIndex', 'writeConcern', 'lsid', '$db', '$readPreference', '$clusterTime'];
const said = (value: unknown): string => BSON.EJSON.stringify(value, { relaxed: false });
const EXISTS = (ns: string): Document => failure(48, 'NamespaceExists', `Collection ${ns} already exists.`);

/** Commands that write, as `mongorestore` sends them. Types and the order of fields stay as they came. */
export function writesOf(data: Data): Record<string, Reply> {
  return {
    create: (command, database) => create(data, command, database),
    drop: ({ drop }, database) => {
      const ns = `${database}.${drop as string}`;
      return data.collections.delete(ns) ? { ok: 1 } : failure(26, 'NamespaceNotFound', 'ns not found');
    },
    insert: ({ insert, documents }, database) => {
      const ns = `${database}.${insert as string}`;
      if (!data.collections.has(ns)) data.set(ns);
      const there = data.documentsOf(ns);
      const ids = new Set(there.map(({ _id }) => said(_id)));
      const writeErrors = (documents as Document[]).flatMap((document, index) => {
        const id = said(document._id);
        if (ids.has(id)) return [{ index, code: 11000, errmsg: `E11000 duplicate key error: ${ns}` }];
        ids.add(id);
        there.push(document);
        return [];
      });
      const n = (documents as Document[]).length - writeErrors.length;
      return { n, ...(writeErrors.length > 0 && { writeErrors }), ok: 1 };
    },
    delete: ({ delete: name, deletes }, database) => {
      const documents = data.documentsOf(`${database}.${name as string}`);
      const [{ q }] = deletes as [{ q: Document }];
      const left = documents.filter((one) => !matches(one, q));
      return { n: documents.splice(0, documents.length, ...left).length - left.length, ok: 1 };
    },
    createIndexes: ({ createIndexes, indexes }, database) => {
      const ns = `${database}.${createIndexes as string}`;
      const found = data.collections.get(ns);
      if (!found) return failure(26, 'NamespaceNotFound', `ns does not exist: ${ns}`);
      data.collections.set(ns, { ...found, indexes: [...(found.indexes ?? []), ...(indexes as Document[])] });
      return { ok: 1 };
    },
    applyOps: ({ applyOps }) => {
      for (const operation of applyOps as Document[]) {
        const failed = apply(data, operation);
        if (failed) return failed;
      }
      return { applied: (applyOps as Document[]).length, results: [true], ok: 1 };
    },
  };
}

function create(data: Data, command: Document, database: string): Document {
  const ns = `${database}.${command.create as string}`;
  if (data.collections.has(ns)) return EXISTS(ns);
  const options = Object.fromEntries(Object.entries(command).filter(([name]) => !NO_OPTIONS.includes(name)));
  const type: MongoCollection['type'] =
    'viewOn' in options ? 'view' : 'timeseries' in options ? 'timeseries' : 'collection';
  data.set(ns, { type, options });
  if (type === 'timeseries') data.set(`${database}.system.buckets.${command.create as string}`);
  return { ok: 1 };
}

const indexOf = (documents: readonly Document[], id: unknown): number =>
  documents.findIndex((one) => said(one._id) === said(id));

/** Applies an entry of the oplog; it may have been applied before. https://www.mongodb.com/docs/manual/reference/command/applyOps/ */
function apply(data: Data, { op, ns, o, o2 }: Document): Document | undefined {
  const object = o as Document;
  const documents = data.documentsOf(ns as string);
  const at = indexOf(documents, ((o2 as Document | undefined) ?? object)._id);
  if (op === 'i') {
    if (!data.collections.has(ns as string)) return failure(26, 'NamespaceNotFound', `ns not found: ${ns as string}`);
    if (at < 0) documents.push(object);
    else documents[at] = object;
  } else if (op === 'd') {
    if (at >= 0) documents.splice(at, 1);
  } else if (op === 'u') {
    // A document that is deleted later may be gone already.
    const { u = {}, i = {}, d = {} } = ((object.diff as Document | undefined) ?? {}) as Record<string, Document>;
    if (at >= 0)
      documents[at] = Object.fromEntries(
        Object.entries({ ...documents[at], ...u, ...i }).filter(([name]) => !(name in d)),
      );
  } else if (op === 'c') {
    const [database] = (ns as string).split('.');
    const [[name, collection]] = Object.entries(object) as [[string, string]];
    if (name === 'create') return create(data, object, database!).ok === 1 ? undefined : EXISTS(collection);
    if (name === 'drop') data.collections.delete(`${database}.${collection}`);
    else return failure(59, 'CommandNotFound', `the server of the tests does not apply ${name}`);
  }
  return undefined;
}
