import { Long, type Document } from 'mongodb';
import type { ExitCodeName, ServerJob } from '../../catalog/contract/task';
import { MongoReplicaSet, RESET, type Hook, type MongoSetOptions } from '../servers/mongo-replica-set';
import { hello } from '../servers/mongo-wire/replies';
import { mongoTools } from '../servers/mongod';
import { describeOn, MONGODB } from '../servers/versions';
import { mongodbJob } from '../support/job';
import { Program, type ProgramResult } from '../support/program';
import type { RunReason } from '../../task/run/errors';
import { Fixture } from './fixture';

jest.setTimeout(300_000);

const DOCUMENTS = Array.from({ length: 2500 }, (_, id) => ({ _id: id, title: `vol. ${id}` }));
const everything = (...actions: string[]): Document => ({ resource: { anyResource: true }, actions });
/** The role `backup`, as far as it matters. */
const BACKUP = [
  everything('listDatabases', 'listCollections', 'listIndexes'),
  ...['', 'config', 'local'].map((db) => ({ resource: { db, collection: '' }, actions: ['find'] })),
  ...['system.users', 'system.roles', 'system.version'].map((collection) => ({
    ...{ resource: { db: 'admin', collection }, actions: ['find'] },
  })),
];
const readsOf = (db: string) => ({
  ...{ resource: { db, collection: '' }, actions: ['find', 'listCollections', 'listIndexes', 'collStats'] },
});
const backupUser = (privileges: Document[]) => [{ user: 'backup', password: 'secret', privileges }];

// The tools are built with the server that stands for MongoDB.
describeOn([MONGODB], 'a dump of a replica set (%s)', () => {
  let fixture: Fixture;
  let set: MongoReplicaSet;

  beforeAll(async () => void (fixture = await Fixture.start()));
  afterAll(() => fixture?.stop());
  afterEach(() => set.stop());

  async function start(options: MongoSetOptions = {}): Promise<void> {
    set = await MongoReplicaSet.start({ users: backupUser(BACKUP), ...options });
    set.data.set('shop.books', { documents: [...DOCUMENTS], indexes: [{ v: 2, key: { title: 1 }, name: 'title_1' }] });
    set.data.set('shop.recent', { options: { capped: true, size: 4096 }, documents: [{ _id: 1 }] });
    set.data.set('shop.dear', { type: 'view', options: { viewOn: 'books', pipeline: [] } });
    set.data.set('blog.posts', { documents: [{ _id: 1 }] });
  }

  const run = (source: string, what: Partial<ServerJob> = {}): Promise<ProgramResult> =>
    Program.run({
      job: mongodbJob(set, fixture.place(source), what),
      ...{ aws: fixture.emulator.environment, username: 'backup', password: 'secret', toolsDirectory: mongoTools() },
    });
  const manifestOf = async (source: string) => (await fixture.bucket.manifests(source))[0]!;

  test('has one moment by the oplog, and knows what the oplog does to the counts', async () => {
    await start();
    set.during('shop.books', () => set.insert('shop.books', { _id: 'later' }));
    expect(await run('oplog')).toMatchObject({ exit: 'success' });
    const manifest = await manifestOf('oplog');
    expect(manifest).toMatchObject({ consistency: { snapshot: 'oplog', rowCounts: 'archive' } });
    expect(manifest).not.toHaveProperty('notes');
    expect(manifest.tables.toSorted((a, b) => a.name.localeCompare(b.name))).toEqual([
      { database: 'shop', name: 'books', rowsBefore: 2501, rowsAfter: 2502 },
      { database: 'blog', name: 'posts', rows: 1 },
      { database: 'shop', name: 'recent', rows: 1 },
    ]);
    const evidence = JSON.parse((await fixture.bucket.download(manifest.objects[1]!)).toString()) as {
      inventory: { kind: string; name: string; facts: Document }[];
    };
    const facts = new Map(evidence.inventory.map(({ kind, name, facts: of }) => [`${kind} ${name}`, of]));
    expect(facts.get('collection shop.recent')).toEqual({
      ...{ capped: 'true', size: '{"$numberInt":"4096"}', primaryKey: '_id' },
    });
    expect(facts.get('view shop.dear')).toEqual({ viewOn: '"books"', pipeline: '[]' });
  });

  test('of 200 MB takes memory for a part of it', async () => {
    await start();
    set.data.set('shop.big', { documents: Array<Document>(20_000).fill({ _id: 1, text: 'x'.repeat(10_000) }) });
    const { exit, peakMiB } = await run('big');
    expect(exit).toBe('success');
    // Node.js alone has more than 100.
    expect(peakMiB).toBeLessThan(250);
  });

  test('is read from one secondary alone', async () => {
    await start({ members: 3 });
    const members = set.ports.slice(1).map((port) => ({ host: set.host, port }));
    expect(await run('secondary', { members, replicaSet: set.name })).toMatchObject({ exit: 'success' });
    const reads = set.asked.filter(({ name }) => ['find', 'getMore', 'listCollections'].includes(name));
    const asked = new Set(reads.map(({ member }) => member));
    expect([asked.size, asked.has(0)]).toEqual([1, false]);
    expect(await manifestOf('secondary')).toMatchObject({ consistency: { snapshot: 'oplog' } });
  });

  test('of one database has no moment, which it says, and needs to read that database only', async () => {
    await start({ users: backupUser([readsOf('shop')]) });
    expect(await run('one', { databases: ['shop'] })).toMatchObject({ exit: 'success' });
    expect(await manifestOf('one')).toMatchObject({
      ...{ consistency: { snapshot: 'none', rowCounts: 'archive' }, notes: [{ kind: 'no-snapshot' }] },
    });
  });

  test('that meets a rename is made once more', async () => {
    await start();
    // As a primary does that nobody writes to.
    const noop = setInterval(() => set.insert('blog.posts', { at: Date.now() }), 3000);
    set.during('shop.books', () => set.rename('shop.recent', 'shop.old'));
    const result = await run('renamed').finally(() => clearInterval(noop));
    expect(result).toMatchObject({ exit: 'success' });
    expect(result.log.find(({ event }) => event === 'retry')?.message).toContain('while renames occur');
    expect((await manifestOf('renamed')).tables.map(({ name }) => name).sort()).toEqual(['books', 'old', 'posts']);
  });

  test('has databases that are made meanwhile, and none that the server keeps for itself', async () => {
    await start();
    set.data.set('__mdb_internal_search.cursors', { documents: [{ _id: 1 }] });
    set.during('shop.books', () => {
      set.data.log({ op: 'c', ns: 'fresh.$cmd', o: { create: 'things' } });
      set.insert('fresh.things', { _id: 1 });
      set.insert('__mdb_internal_search.cursors', { _id: 2 });
    });
    expect(await run('made')).toMatchObject({ exit: 'success', failure: '' });
    const manifest = await manifestOf('made');
    expect(manifest.objects[0]!.databases).toEqual(['blog', 'fresh', 'shop']);
    expect(new Set(manifest.tables.map(({ database }) => database))).toEqual(new Set(['blog', 'shop']));
  });

  test('says which collections of the database admin nothing brings back', async () => {
    await start();
    set.data.set('admin.jobs', { documents: [{ _id: 1 }] });
    expect(await run('admin')).toMatchObject({ exit: 'success' });
    expect(await manifestOf('admin')).toMatchObject({
      notes: [{ kind: 'admin-collections', objects: ['admin.jobs'] }],
    });
  });

  test('says what its tools cannot replay: a time series that is written, an index that is changed', async () => {
    await start();
    set.data.set('shop.heat', { type: 'timeseries', options: { timeseries: { timeField: 'at' } } });
    set.data.set('shop.system.buckets.heat', { documents: [{ _id: 1, control: { version: 1 } }] });
    set.during('shop.books', () => {
      set.insert('shop.system.buckets.heat', { _id: 2, control: { version: 1 } });
      set.data.log({ op: 'c', ns: 'shop.$cmd', o: { collMod: 'books', index: { name: 'title_1', unique: true } } });
    });
    expect(await run('series')).toMatchObject({ exit: 'success' });
    expect(await manifestOf('series')).toMatchObject({
      notes: [{ kind: 'oplog-needs-tools', objects: ['shop.books', 'shop.heat'], said: '100.20.0' }],
    });
  });

  test('whose server breaks the connection when it is asked for the oplog is not one without an oplog', async () => {
    await start();
    set.on('find', ({ find }) => (find === 'oplog.rs' ? RESET : undefined));
    const sentence = /^the connection to localhost:\d+ broke: /;
    await fixture.expectFailure(await run('asked'), 'asked', 'connection', sentence, { kind: 'connection-lost' });
  });

  test('of DocumentDB has no moment, and its user lacks nothing', async () => {
    await start({ users: backupUser([...BACKUP.slice(0, 2), ...BACKUP.slice(4)]) });
    set.on('hello', (command) => ({ ...hello(set, 0, command), me: 'shop.c1.docdb.amazonaws.com:27017' }));
    set.on('find', ({ find }) =>
      find === 'oplog.rs' ? { ok: 0, code: 13, codeName: 'Unauthorized', errmsg: 'Authorization failure' } : undefined,
    );
    expect(await run('documentdb')).toMatchObject({ exit: 'success', failure: '' });
    expect(await manifestOf('documentdb')).toMatchObject({
      ...{ consistency: { snapshot: 'none' }, notes: [{ kind: 'no-snapshot' }] },
    });
  });

  test('whose oplog is overwritten leaves no backup', async () => {
    await start();
    set.during('shop.books', () => set.overflowOplog());
    const sentence = /^mongodump exited with 1: .*oplog overflow: .* \(the oplog was overwritten/;
    await fixture.expectFailure(await run('overflow'), 'overflow', 'dumpFailed', sentence, { kind: 'oplog-overflow' });
  });

  test('that lacks a collection leaves no backup', async () => {
    await start();
    let lists = 0;
    // The program asks before the dump, and the tool while it dumps. It is tried twice.
    set.on('listCollections', (_, database) => {
      if (database !== 'blog' || ++lists % LISTS !== LIST_OF_THE_TOOL) return undefined;
      return { cursor: { id: Long.ZERO, ns: 'blog.$cmd.listCollections', firstBatch: [] }, ok: 1 };
    });
    const sentence = /^mongodump exited with 0, but its archive lacks blog\.posts: the dump was discarded$/;
    await fixture.expectFailure(await run('lacks'), 'lacks', 'dumpFailed', sentence, {
      ...{ kind: 'dump-incomplete', object: 'blog.posts' },
    });
  });

  test('beside which a collection goes and comes again has it by the oplog', async () => {
    await start();
    let lists = 0;
    set.on('listCollections', (_, database) => {
      if (database === 'blog' && ++lists === LIST_OF_THE_TOOL) set.data.collections.delete('blog.posts');
      return undefined;
    });
    set.during('shop.books', () => {
      set.data.log({ op: 'c', ns: 'blog.$cmd', o: { create: 'posts' } });
      set.insert('blog.posts', { _id: 2 });
    });
    const result = await run('again');
    expect(result).toMatchObject({ exit: 'success', failure: '' });
    expect(result.log.some(({ event }) => event === 'retry')).toBe(false);
    expect((await manifestOf('again')).objects[0]!.databases).toEqual(['blog', 'shop']);
  });

  test('beside which a collection goes and another one comes is complete', async () => {
    await start();
    let lists = 0;
    set.on('listCollections', (_, database) => {
      if (database === 'blog' && ++lists === LIST_OF_THE_TOOL) set.data.collections.delete('blog.posts');
      return undefined;
    });
    set.during('shop.books', () => set.data.set('shop.later'));
    expect(await run('changing')).toMatchObject({ exit: 'success' });
    expect((await manifestOf('changing')).tables.map(({ name }) => name).sort()).toEqual(['books', 'recent']);
  });

  test.each<[string, Document[], Partial<ServerJob>, RegExp, RunReason]>([
    [
      'all, by a user of one database',
      [readsOf('shop')],
      {},
      /^user backup@admin lacks listDatabases on the cluster, find on all databases, .*find on local\.oplog\.rs, find on config\.transactions\. Run as an administrator: db\.getSiblingDB\("admin"\)\.grantRolesToUser\("backup", \[\{"role":"backup","db":"admin"\}\]\)$/,
      { kind: 'privileges-missing', account: 'backup@admin' },
    ],
    [
      'all, without users and roles',
      [everything('listDatabases', 'listCollections', 'listIndexes'), ...['', 'local', 'config'].map(readsOf)],
      {},
      /^user backup@admin lacks find on admin\.system\.users, find on admin\.system\.roles, find on admin\.system\.version\./,
      { kind: 'privileges-missing' },
    ],
    [
      'all, without local and config',
      [BACKUP[0]!, ...BACKUP.slice(4), readsOf('')],
      {},
      /^user backup@admin lacks find on local\.oplog\.rs, find on config\.transactions\. /,
      { kind: 'privileges-missing' },
    ],
    [
      'a database beside its own',
      [everything('listDatabases'), readsOf('shop')],
      { databases: ['shop', 'blog'] },
      /^user backup@admin lacks find on blog, listCollections on blog, listIndexes on blog\. .*\[\{"role":"read","db":"blog"\}\]\)$/,
      { kind: 'privileges-missing' },
    ],
  ])('of %s, is refused before the first byte', async (what, privileges, job, sentence, reason) => {
    await start({ users: backupUser(privileges) });
    const source = what.replaceAll(/[^a-z]+/g, '-');
    await fixture.expectFailure(await run(source, job), source, 'privileges', sentence, reason);
  });

  test.each<[string, Hook, ExitCodeName, RegExp, RunReason]>([
    [
      'refuses',
      () => ({ ok: 0, code: 13, codeName: 'Unauthorized', errmsg: 'not authorized on admin' }),
      'privileges',
      /^the user may not ask what a complete dump needs to know: not authorized on admin: grant it the role backup/,
      { kind: 'privileges-missing', said: 'not authorized on admin' },
    ],
    [
      'loses',
      () => RESET,
      'connection',
      /^the connection to localhost:\d+ broke: .* \(see whether the server runs/,
      { kind: 'connection-lost' },
    ],
  ])('whose server %s a question leaves no backup', async (what, hook, exit, sentence, reason) => {
    await start();
    set.on('listDatabases', hook);
    await fixture.expectFailure(await run(what), what, exit, sentence, reason);
  });

  test.each<[string, () => void, MongoSetOptions, RegExp, RunReason['kind']]>([
    ['a mongos', () => undefined, { kind: 'mongos' }, /is a mongos of a sharded cluster, of which/, 'sharded-cluster'],
    [
      'an arbiter',
      () =>
        set.on('hello', () => ({ arbiterOnly: true, setName: 'rs0', minWireVersion: 0, maxWireVersion: 21, ok: 1 })),
      {},
      /is an arbiter, which has no data: give another member of the replica set$/,
      'arbiter',
    ],
    [
      'a feature version that is being changed',
      () =>
        set.on('getParameter', () => ({
          featureCompatibilityVersion: { version: '6.0', targetVersion: '7.0' },
          ok: 1,
        })),
      {},
      /^the feature compatibility version is being changed to 7\.0: back up when/,
      'version-changing',
    ],
    [
      'encrypted collections',
      () => {
        set.data.set('shop.patients', { options: { encryptedFields: { fields: [] } } });
        set.data.set('shop.enxcol_.patients.esc');
      },
      {},
      /^Queryable Encryption is used by shop\.patients, .* excludeCollections: shop\.patients, shop\.enxcol_\.patients\.esc, and/,
      'encrypted-collections',
    ],
  ])('of %s is refused', async (what, prepare, options, sentence, kind) => {
    await start(options);
    prepare();
    const source = what.replaceAll(/[^a-z]+/g, '-');
    await fixture.expectFailure(await run(source), source, 'configuration', sentence, { kind });
  });

  test('that is as old as DocumentDB 4.0 is refused', async () => {
    await start({ version: '4.0.0' });
    const sentence =
      /^could not connect to localhost:\d+: .* wire version 7, .* \(backups are made of MongoDB 4\.4 to 8\.2, and of Amazon DocumentDB 5\.0 and 8\.0: upgrade the server/;
    await fixture.expectFailure(await run('old'), 'old', 'connection', sentence, { kind: 'version-mismatch' });
  });

  test('of an older feature version says so', async () => {
    await start();
    set.on('getParameter', () => ({ featureCompatibilityVersion: { version: '6.0' }, ok: 1 }));
    expect(await run('features')).toMatchObject({ exit: 'success' });
    expect(await manifestOf('features')).toMatchObject({ notes: [{ kind: 'feature-version', said: '6.0' }] });
  });

  test('of a member that is behind says so', async () => {
    await start();
    const lastWriteDate = new Date(Date.now() - 3_600_000);
    set.on('hello', () => ({
      ...{ secondary: true, isWritablePrimary: false, setName: 'rs0', me: `localhost:${set.port}` },
      ...{ hosts: [`localhost:${set.port}`], lastWrite: { lastWriteDate }, localTime: new Date() },
      ...{ minWireVersion: 0, maxWireVersion: 21, maxBsonObjectSize: 16 << 20, maxMessageSizeBytes: 48_000_000, ok: 1 },
      ...{ maxWriteBatchSize: 100_000, saslSupportedMechs: ['SCRAM-SHA-256'] },
    }));
    expect(await run('behind')).toMatchObject({ exit: 'success' });
    const [note] = (await manifestOf('behind')).notes!;
    expect([note!.kind, Number(note!.said)]).toEqual(['secondary-behind', expect.closeTo(3600, -2)]);
  });

  /** Lets secondaries be two hours behind, and members from this one on be secondaries. */
  const letLag = (first: number, commands: readonly string[]) => {
    const lastWriteDate = new Date(Date.now() - 7_200_000);
    const answer: Hook = (command) => {
      const { member } = set.asked.at(-1)!;
      const own = hello(set, member, command);
      if (member < first) return own;
      const asSecondary = { secondary: true, isWritablePrimary: false, ismaster: false, primary: undefined };
      return { ...own, ...asSecondary, lastWrite: { ...(own.lastWrite as Document), lastWriteDate } };
    };
    for (const name of commands) set.on(name, answer);
  };

  test('of a replica set is read from no secondary that is an hour behind', async () => {
    await start({ members: 3 });
    // A connection begins with the old name of the command.
    letLag(1, ['ismaster', 'hello']);
    const members = set.ports.slice(1).map((port) => ({ host: set.host, port }));
    expect(await run('fresh', { members, replicaSet: set.name })).toMatchObject({ exit: 'success', failure: '' });
    const reads = set.asked.filter(({ name }) => ['find', 'getMore', 'listCollections'].includes(name));
    expect(new Set(reads.map(({ member }) => member))).toEqual(new Set([0]));
    expect(await manifestOf('fresh')).not.toHaveProperty('notes');
  });

  test('of a replica set whose members are all behind leaves no backup', async () => {
    await start();
    letLag(0, ['hello']);
    const sentence =
      /^localhost:\d+ is a member of a replica set that is 7\d{3} seconds behind, and a backup is read from none that is more than 3600: /;
    const reason = { kind: 'member-behind', host: 'localhost' } as const;
    const result = await run('lags', { replicaSet: set.name });
    await fixture.expectFailure(result, 'lags', 'connection', sentence, reason);
  });
});

/** Of the calls about a database: the preflight's, the evidence's, the one before the tool, then the tool's. */
const LIST_OF_THE_TOOL = 4;
/** The last one, of what is missing, ends a run that fails. */
const LISTS = 5;
