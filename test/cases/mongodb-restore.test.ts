import * as fs from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { zstdCompressSync } from 'node:zlib';
import { Long, MongoClient, Timestamp, type Document } from 'mongodb';
import type { Manifest, TableCount } from '../../catalog/bucket/manifest';
import type { RestoreRequest } from '../../catalog/contract/task';
import type { RestoreContext } from '../../engines/engine';
import { ArchiveReader } from '../../engines/mongodb/archive/archive-reader';
import { chooseMongodbDatabases } from '../../engines/mongodb/collections';
import { checkRestored } from '../../engines/mongodb/restore/check';
import { readMongodbChoice } from '../../engines/mongodb/restore/choice';
import { MongodbRestore } from '../../engines/mongodb/restore/restore';
import { document } from '../docs/markdown';
import { archive, type MadeCollection } from '../engines/mongodb/archive/archive-bytes';
import { mongoTools } from '../servers/mongod';
import { MongoReplicaSet, type MongoSetOptions } from '../servers/mongo-replica-set';
import { CapturedLog } from '../support/captured-log';
import { run, temporaryDirectory } from '../support/processes';

const made = (collection: string, documents: Document[], changes: Partial<MadeCollection> = {}): MadeCollection => ({
  ...{ database: 'shop', collection, documents, metadata: { indexes: [], options: {} }, ...changes },
});
const ORDERS = made('orders', [{ _id: 1 }, { _id: 2 }]);
const FUNCTIONS = made('system.js', [{ _id: 'add' }]);
/** One bucket, of three measurements. */
const HEAT = made('heat', [{ _id: 1 }], { type: 'timeseries' });
const counted = (name: string, rows: number): TableCount => ({ database: 'shop', name, rows });

const OPLOG: Partial<Manifest> = { consistency: { snapshot: 'oplog', rowCounts: 'archive' } };
const manifestOf = (tables: TableCount[], changes: Partial<Manifest> = {}): Manifest =>
  ({
    ...{ engine: 'mongodb', serverVersion: '7.0.14', consistency: { snapshot: 'none', rowCounts: 'archive' }, tables },
    objects: [{ key: 'shop/x/shop.archive.zst', kind: 'dump', format: 'mongodb-archive', databases: ['shop'] }],
    ...changes,
  }) as Manifest;

describe('a restore into a server that plays MongoDB', () => {
  const directory = temporaryDirectory('mongodb-restore');
  const path = process.env.PATH;
  let set: MongoReplicaSet;
  let client: MongoClient;

  beforeAll(() => void (process.env.PATH = `${mongoTools()}:${path}`));
  afterAll(() => {
    process.env.PATH = path;
    fs.rmSync(directory, { recursive: true, force: true });
  });
  afterEach(async () => {
    await client.close();
    await set.stop();
  });

  async function start(options: MongoSetOptions = {}): Promise<void> {
    set = await MongoReplicaSet.start(options);
    const login = options.users ? 'restore:secret@' : '';
    client = new MongoClient(`mongodb://${login}localhost:${set.port}/?directConnection=true`);
  }

  function restoreOf(bytes: Buffer, manifest: Manifest, request: Partial<RestoreRequest> = {}): MongodbRestore {
    const job = {
      ...{ action: 'restore', source: 'shop', engine: 'mongodb', bucket: 'b', scratchDirectory: directory },
      ...{ timeoutSeconds: 60, server: { host: 'localhost', port: set.port, tls: { mode: 'off', reason: 'a test' } } },
    };
    const users = set.options.users !== undefined;
    const context = {
      ...{ job, manifest, request: { backupId: 'x', ...request }, log: new CapturedLog().log, scratch: directory },
      credentials: users ? { username: 'restore', password: 'secret' } : { username: '', password: '' },
      ...{ note: () => undefined, loading: () => undefined, signal: new AbortController().signal },
      objects: {
        open: () => Readable.from([bytes]),
        verify: (_: unknown, see: (chunk: Buffer) => void) => Promise.resolve(see(bytes)),
        spool: () => Promise.reject(new Error('nothing is spooled')),
      },
    } as unknown as RestoreContext;
    return new MongodbRestore(context);
  }
  const asked = (...names: string[]) =>
    set.asked
      .filter(({ name }) => names.includes(name))
      .map(({ name, command }) => `${name} ${command[name] as string}`);

  test('replaces collections and functions by those of the archive', async () => {
    await start();
    set.data.set('shop.old', { documents: [{ _id: 1 }] });
    set.data.set('shop.system.js', { documents: [{ _id: 'old' }] });
    const manifest = manifestOf([counted('orders', 2), counted('system.js', 1)]);
    const restore = restoreOf(archive([ORDERS, FUNCTIONS]), manifest, { overwrite: ['shop'] });
    try {
      await expect(restore.look()).resolves.toMatchObject({
        targets: [{ state: 'exists', holds: ['old', 'system.js'] }],
      });
      await restore.load();
      expect(asked('drop', 'delete')).toEqual(['drop old', 'delete system.js']);
      await expect(restore.check()).resolves.toEqual({ differences: [], tables: 2, rows: 3, uncompared: [] });
    } finally {
      await restore.close();
    }
    expect(set.data.documentsOf('shop.system.js')).toEqual([{ _id: 'add' }]);
  });

  test('drops nothing for an archive that is not complete', async () => {
    await start();
    set.data.set('shop.orders', { documents: [{ _id: 1 }] });
    const restore = restoreOf(archive([ORDERS]).subarray(0, -8), manifestOf([counted('orders', 2)]), {
      overwrite: ['shop'],
    });
    try {
      await restore.look();
      await expect(restore.load()).rejects.toThrow('shop/x/shop.archive.zst is no complete archive of mongodump');
      expect([asked('drop', 'insert'), restore.state()]).toEqual([[], 'unchanged']);
    } finally {
      await restore.close();
    }
  });

  test('counts no time series, whose archive has buckets, and says so', async () => {
    await start();
    set.data.set('shop.orders', { documents: [{ _id: 1 }, { _id: 2 }] });
    set.data.set('shop.heat', { type: 'timeseries', documents: [{ at: 1 }, { at: 2 }, { at: 3 }] });
    const reader = new ArchiveReader();
    reader.see(archive([ORDERS, HEAT]));
    const choice = readMongodbChoice(manifestOf([counted('orders', 2), counted('heat', 1)]), { backupId: 'x' });
    await expect(checkRestored(client, choice, [reader.end()])).resolves.toEqual({
      ...{ differences: [], tables: 2, rows: 3, uncompared: ['shop.heat'] },
    });
  });

  test('replays a prepared transaction, of which only a part is chosen', async () => {
    await start();
    const transaction = { lsid: { id: 1 }, txnNumber: Long.fromNumber(1), t: Long.ONE, v: Long.fromNumber(2) };
    const entry = (i: number, o: Document) => ({
      ...{ ...transaction, op: 'c', ns: 'admin.$cmd', ts: new Timestamp({ t: 1, i }), o },
    });
    const insert = (ns: string, id: number) => ({ op: 'i', ns, o: { _id: id } });
    const oplog = made('oplog', [
      entry(1, { applyOps: [insert('shop.orders', 3), insert('blog.posts', 1)], prepare: true }),
      entry(2, { commitTransaction: 1, commitTimestamp: new Timestamp({ t: 1, i: 1 }), prepared: true }),
    ]);
    const bytes = archive([ORDERS, { ...oplog, database: '', metadata: undefined }]);
    const manifest = manifestOf([{ database: 'shop', name: 'orders', rowsBefore: 2, rowsAfter: 3 }], OPLOG);
    const restore = restoreOf(bytes, manifest, { as: 'copy' });
    try {
      await restore.look();
      await restore.load();
    } finally {
      await restore.close();
    }
    expect(set.data.documentsOf('copy.orders').map(({ _id }) => Number(_id))).toEqual([1, 2, 3]);
    expect(set.data.databases).not.toContain('blog');
  });

  test('users and roles come by the documented command, and nothing else', async () => {
    await start();
    const merged: unknown[] = [];
    set.on('getParameter', ({ authSchemaVersion }) => authSchemaVersion && { authSchemaVersion: 5, ok: 1 });
    set.on('_mergeAuthzCollections', ({ tempUsersCollection }) => {
      merged.push(...set.data.documentsOf(tempUsersCollection as string));
      return { ok: 1 };
    });
    const users = made('system.users', [{ _id: 'shop.app', user: 'app', db: 'shop', roles: [] }]);
    const version = made('system.version', [{ _id: 'authSchema', currentVersion: 5 }]);
    const admin = [users, version].map((one) => ({ ...one, database: 'admin', metadata: undefined }));
    const file = join(directory, 'all.archive.zst');
    fs.writeFileSync(file, zstdCompressSync(archive([...admin, ORDERS])));
    fs.writeFileSync(join(directory, 'target.yaml'), `uri: mongodb://localhost:${set.port}/?directConnection=true\n`);
    const command = document('docs/restore-by-hand.md').commands('MongoDB');
    await run('env', [`PATH=${process.env.PATH}`, 'sh', '-c', `set -e; cd ${directory}; ${command}`]);
    expect(merged).toEqual([expect.objectContaining({ _id: 'shop.app' })]);
    expect(asked('insert')).toEqual(['insert tempusers']);
  });

  const on = (db: string, ...actions: string[]): Document => ({ resource: { db, collection: '' }, actions });
  const RESTORE = [
    'bypassDocumentValidation',
    'collMod',
    'createCollection',
    'createIndex',
    'dropCollection',
    'insert',
  ];
  const READ_WRITE = ['find', 'insert', 'listCollections', 'listIndexes', 'remove', 'update'];

  test.each<[string, Document[], Partial<Manifest>, string | undefined]>([
    [
      'the role restore',
      [on('', ...RESTORE, 'listCollections')],
      {},
      'remove on shop, find on shop, listIndexes on shop',
    ],
    [
      'the role readWrite',
      [on('shop', ...READ_WRITE, 'createCollection', 'createIndex', 'dropCollection')],
      {},
      'bypassDocumentValidation on shop',
    ],
    ['both', [on('', ...RESTORE), on('', ...READ_WRITE)], OPLOG, undefined],
    [
      'readWriteAnyDatabase',
      [on('', ...READ_WRITE, ...RESTORE.slice(0, 1), ...RESTORE.slice(2))],
      OPLOG,
      'collMod on shop',
    ],
    ['another database', [on('blog', ...RESTORE, ...READ_WRITE)], {}, 'createCollection on shop, '],
  ])('by a user with %s looks at its privileges first', async (_, privileges, changes, lacks) => {
    await start({ users: [{ user: 'restore', password: 'secret', privileges }] });
    const restore = restoreOf(archive([ORDERS]), manifestOf([counted('orders', 2)], changes));
    try {
      const look = restore.look();
      if (lacks === undefined) await expect(look).resolves.toMatchObject({ targets: [{ state: 'new' }] });
      else
        await expect(look).rejects.toMatchObject({
          message: expect.stringContaining(`user restore@admin lacks ${lacks}`) as string,
          reason: { kind: 'privileges-missing', statements: [GRANT] },
        });
    } finally {
      await restore.close();
    }
  });

  test('a database without collections is none on the restored server', async () => {
    await start();
    set.data.set('shop.orders');
    const server = {
      host: 'localhost',
      port: set.port,
      tls: { mode: 'off', reason: 'a test' },
      databases: ['gone', 'shop'],
    } as const;
    await expect(chooseMongodbDatabases(client, { server, thrownAway: true })).resolves.toEqual(['shop']);
    await expect(chooseMongodbDatabases(client, { server })).rejects.toThrow('database "gone" does not exist');
  });
});

const GRANT = `db.getSiblingDB("admin").grantRolesToUser("restore", [{"role":"restore","db":"admin"},{"role":"readWriteAnyDatabase","db":"admin"}])`;
