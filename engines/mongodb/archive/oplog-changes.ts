import { hash } from 'node:crypto';
import { compareVersions } from '../../shared/versions';
import { operationsOf } from './oplog';

/** Commands that change options or indexes of a collection, and leave its documents alone. */
const REDEFINE = [
  ...['createIndexes', 'startIndexBuild', 'commitIndexBuild', 'abortIndexBuild', 'collMod'],
  ...['dropIndexes', 'dropIndex', 'deleteIndexes', 'deleteIndex'],
];

/** What the oplog of an archive does to a collection whose documents the archive has from before or meanwhile. */
export interface CollectionChanges {
  /** Documents that it inserts and deletes at most: the archive may have them as they are afterwards already. */
  inserts: number;
  deletes: number;
  /** Whether it inserts, updates or deletes documents. */
  isWritten: boolean;
  /** Whether a command creates it. */
  isCreated: boolean;
  /** Whether commands create, drop or empty it: what it is afterwards, only the oplog knows. */
  isReshaped: boolean;
  /** Whether commands change its options or indexes. */
  isRedefined: boolean;
}

const NONE: CollectionChanges = {
  ...{ inserts: 0, deletes: 0, isWritten: false },
  ...{ isCreated: false, isReshaped: false, isRedefined: false },
};

/** Sums up the oplog of an archive, in memory that grows with the number of collections only. */
export class OplogChanges {
  private readonly collections = new Map<string, CollectionChanges>();
  /** Databases that it drops. */
  private readonly dropped = new Set<string>();
  private readonly keys = new Set<string>();
  /** The oldest tools that replay what is done to a collection, where older ones may fail. */
  private readonly tools = new Map<string, string>();
  /** Whether there were more keys than could be held: which documents are changed is not known. */
  isFull = false;

  /** @param mostKeys keys of changed documents to hold; none if left out */
  constructor(private readonly mostKeys = 0) {}

  /** Takes an entry of the oplog. */
  add(entry: Buffer): void {
    for (const { kind, database, collection, key, command, tools } of operationsOf(entry)) {
      if (kind === 'c' && collection === '' && database !== 'admin') this.dropped.add(database);
      if (!['i', 'u', 'd', 'c'].includes(kind) || collection === '') continue;
      const name = `${database}.${collection}`;
      const changes = this.changesOf(name);
      if (kind === 'i') changes.inserts++;
      if (kind === 'd') changes.deletes++;
      if (command === 'create') changes.isCreated = true;
      if (tools !== undefined && compareVersions(tools, this.tools.get(name) ?? '') > 0) this.tools.set(name, tools);
      if (command === undefined) changes.isWritten = true;
      else changes[REDEFINE.includes(command) ? 'isRedefined' : 'isReshaped'] = true;
      if (key) this.hold(database, collection, key);
    }
  }

  /** What it does to a collection; nothing if it leaves it as it is. */
  of(database: string, collection: string): CollectionChanges | undefined {
    const changes = this.collections.get(`${database}.${collection}`);
    return this.dropped.has(database) ? { ...NONE, ...changes, isReshaped: true } : changes;
  }

  /** Collections that it reshapes, `shop.orders`; none of those that are gone with their database. */
  get reshaped(): readonly string[] {
    return [...this.collections].flatMap(([name, { isReshaped }]) => (isReshaped ? name : []));
  }

  /** Databases in which it creates collections, or inserts documents. */
  get databases(): readonly string[] {
    const filled = [...this.collections].filter(([, { inserts, isCreated }]) => isCreated || inserts > 0);
    return [...new Set(filled.map(([name]) => name.split('.', 1)[0]!))];
  }

  /** Collections with changes that tools of a version cannot replay, and the oldest tools that can; none if they can all. */
  beyond(toolVersion: string): { readonly tools: string; readonly collections: readonly string[] } | undefined {
    const found = [...this.tools].filter(([, tools]) => compareVersions(tools, toolVersion) > 0);
    const tools = found
      .map(([, version]) => version)
      .sort(compareVersions)
      .at(-1);
    return tools === undefined ? undefined : { tools, collections: found.map(([name]) => name) };
  }

  /** Whether it changes a document, unless there were too many. */
  hasChanged(database: string, collection: string, key: Buffer): boolean {
    return this.keys.has(keyHash(database, collection, key));
  }

  private changesOf(name: string): CollectionChanges {
    const changes = this.collections.get(name) ?? { ...NONE };
    this.collections.set(name, changes);
    return changes;
  }

  private hold(database: string, collection: string, key: Buffer): void {
    if (this.isFull) return;
    this.keys.add(keyHash(database, collection, key));
    if (this.keys.size <= this.mostKeys) return;
    this.isFull = true;
    this.keys.clear();
  }
}

const keyHash = (database: string, collection: string, key: Buffer): string =>
  hash('sha256', Buffer.concat([Buffer.from(`${database}.${collection}\0`), key]), 'buffer').toString('latin1', 0, 16);
