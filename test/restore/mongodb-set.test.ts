import { setTimeout as sleep } from 'node:timers/promises';
import { BSON, type Document } from 'mongodb';
import type { Manifest } from '../../catalog/bucket/manifest';
import type { RestoreRequest } from '../../catalog/contract/task';
import { MongoReplicaSet } from '../servers/mongo-replica-set';
import { mongoTools } from '../servers/mongod';
import { MONGODB, describeOn } from '../servers/versions';
import { mongodbJob } from '../support/job';
import { RestoreScene, type RestoreResult } from './support';

jest.setTimeout(120_000);

const { Double, Int32, Long } = BSON;
const BOOKS = Array.from({ length: 1200 }, (_, id) => ({ _id: id, title: `vol. ${id}`, price: new Double(1) }));
const USERS = [{ user: 'admin', password: 'secret' }];
/** The tools tell their progress every three seconds. */
const SLOW_MS = 3500;
const ADMIN = { username: 'admin', password: 'secret', toolsDirectory: mongoTools() };
const said = (value: unknown) => BSON.EJSON.stringify(value, { relaxed: false });

// The tools are built with the server that stands for MongoDB. What FerretDB has not, another server of the tests plays.
describeOn([MONGODB], 'restoring a replica set (%s)', () => {
  let scene: RestoreScene;
  let source: MongoReplicaSet;
  let target: MongoReplicaSet;
  let manifest: Manifest;

  beforeAll(async () => {
    scene = await RestoreScene.start();
    source = await MongoReplicaSet.start({ users: USERS });
    const { data } = source;
    data.set('shop.books', { documents: [...BOOKS], indexes: [{ v: 2, key: { title: 1 }, name: 'title_1' }] });
    data.set('shop.recent', { options: { capped: true, size: 4096 }, documents: [{ _id: 1 }] });
    data.set('shop.strict', {
      options: { validator: { a: { $gt: new Int32(1) } }, collation: { locale: 'de' } },
      documents: [{ _id: 1, a: Long.fromInt(1) }],
    });
    data.set('shop.dear', { type: 'view', options: { viewOn: 'books', pipeline: [{ $match: { price: 9 } }] } });
    data.set('shop.heat', { type: 'timeseries', options: { timeseries: { timeField: 'at' } } });
    data.set('shop.system.buckets.heat', { documents: [{ _id: 1, control: { version: 1 } }] });
    data.set('shop.old', { options: { autoIndexId: false }, documents: [{ _id: 1 }] });
    data.set('blog.posts', { documents: [{ _id: 1 }] });
    data.set('admin.system.users', { documents: [{ _id: 'admin.ada', user: 'ada', db: 'admin' }] });
    source.during('shop.books', () => {
      source.insert('shop.books', { _id: 'later', n: new Int32(5) });
      change('u', 'shop.books', { $v: 2, diff: { u: { title: 'renamed' } } }, { _id: 1 });
      change('d', 'shop.books', { _id: 2 });
      data.set('shop.made');
      data.log({ op: 'c', ns: 'shop.$cmd', o: { create: 'made' } });
      source.insert('shop.made', { _id: 1 });
      source.insert('blog.posts', { _id: 2 });
      data.log({ op: 'c', ns: 'fresh.$cmd', o: { create: 'things' } });
      source.insert('fresh.things', { _id: 1 });
    });
    // The oplog alone is read by its times.
    source.on('find', async ({ find, filter }) => {
      if (find === 'oplog.rs' && Object.keys((filter as Document | undefined) ?? {}).length > 0) await sleep(SLOW_MS);
      return undefined;
    });
    manifest = await scene.backUp(mongodbJob(source, scene.place('shop')), ADMIN);
  });
  afterAll(async () => {
    await source?.stop();
    await scene?.stop();
  });
  beforeEach(async () => void (target = await MongoReplicaSet.start({ users: USERS })));
  afterEach(() => target.stop());

  /** Changes a document of the source, as an application does. */
  function change(op: 'u' | 'd', ns: string, o: Document, o2?: Document): void {
    const documents = source.data.documentsOf(ns);
    const at = documents.findIndex(({ _id }) => _id === (o2 ?? o)._id);
    if (op === 'd') documents.splice(at, 1);
    else documents[at] = { ...documents[at], ...((o.diff as Document).u as Document) };
    source.data.log({ op, ns, o, ...(o2 && { o2 }) });
  }
  const restore = (request: Partial<RestoreRequest> = {}): Promise<RestoreResult> =>
    scene.restore(
      scene.jobOf(mongodbJob(target, scene.place('shop'))),
      { backupId: manifest.backupId, ...request },
      ADMIN,
    );
  /** Documents of a collection, in whatever order. */
  const documents = (set: MongoReplicaSet, ns: string) => set.data.documentsOf(ns).map(said).sort();
  const shapeOf = (set: MongoReplicaSet, ns: string) => {
    const { type = 'collection', options = {} } = set.data.collections.get(ns)!;
    return { type, options: said(options), indexes: set.data.listIndexes(ns)!.map(({ name }) => name as string) };
  };

  test('all is as of the end of the dump: written, changed, deleted and made meanwhile, with every option', async () => {
    expect(manifest.consistency.snapshot).toBe('oplog');
    target.on('insert', async ({ insert }) => {
      if (insert === 'books') await sleep(SLOW_MS);
      return undefined;
    });
    const result = await restore();
    expect(result).toMatchObject({ exit: 'success', failure: '' });
    for (const name of ['books', 'recent', 'strict', 'old', 'system.buckets.heat', 'made'])
      expect(documents(target, `shop.${name}`)).toEqual(documents(source, `shop.${name}`));
    expect(documents(target, 'blog.posts')).toHaveLength(2);
    expect(documents(target, 'fresh.things')).toHaveLength(1);
    for (const name of ['books', 'recent', 'strict', 'dear', 'heat'])
      expect(shapeOf(target, `shop.${name}`)).toEqual(shapeOf(source, `shop.${name}`));
    expect(target.data.documentsOf('admin.system.users')).toEqual([]);
    expect(result.report!.notes).toEqual([{ kind: 'users-not-restored', objects: ['admin.system.users'] }]);
    expect(result.report!.uncompared).toEqual(expect.arrayContaining(['shop.books', 'blog.posts']));
  });

  test('one database under another name gets what was written to it meanwhile, and no other does', async () => {
    expect(await restore({ databases: ['shop'], as: 'shop_copy' })).toMatchObject({ exit: 'success', failure: '' });
    for (const name of ['books', 'recent', 'strict', 'made'])
      expect(documents(target, `shop_copy.${name}`)).toEqual(documents(source, `shop.${name}`));
    expect(target.data.databases).not.toContain('shop');
    expect(target.data.databases).not.toContain('blog');
  });

  test('a single collection, with what was written to it meanwhile', async () => {
    expect(await restore({ tables: ['shop.books'], as: 'rescued' })).toMatchObject({ exit: 'success', failure: '' });
    expect(documents(target, 'rescued.books')).toEqual(documents(source, 'shop.books'));
    expect([...target.data.collections.keys()].filter((ns) => ns.startsWith('rescued.'))).toEqual(['rescued.books']);
  });

  test('what is there is replaced, views and time series too', async () => {
    target.data.set('shop.dear', { type: 'view', options: { viewOn: 'other', pipeline: [] } });
    target.data.set('shop.mine', { documents: [{ _id: 1 }] });
    expect(await restore({ databases: ['shop'] })).toMatchObject({ exit: 'targetRefused', state: 'unchanged' });
    const done = await restore({ databases: ['shop'], overwrite: ['shop'] });
    expect(done).toMatchObject({ exit: 'success', failure: '' });
    expect(target.data.collections.has('shop.mine')).toBe(false);
    expect(shapeOf(target, 'shop.dear')).toEqual(shapeOf(source, 'shop.dear'));
  });

  test('a name that differs from one of the target in its letters only is refused', async () => {
    target.data.set('Blog.notes', { documents: [{ _id: 1 }] });
    const refused = await restore({ databases: ['blog'] });
    expect(refused).toMatchObject({ exit: 'targetRefused', state: 'unchanged', reason: { kind: 'name-invalid' } });
    expect(refused.failure).toMatch(/^the target has a database Blog, beside which MongoDB takes no blog: choose/);
  });

  test('nothing is sent that DocumentDB does not take', async () => {
    expect(await restore({ databases: ['blog'] })).toMatchObject({ exit: 'success' });
    const inserts = target.asked.filter(({ name }) => name === 'insert');
    expect(inserts.map(({ command }) => Object.keys(command)).flat()).not.toContain('txnNumber');
  });

  test.each<[string, string, Document, string, string]>([
    [
      'a primary that steps down',
      'insert',
      { ok: 0, errmsg: 'not primary', code: 10_107, codeName: 'NotWritablePrimary' },
      'restoreFailed',
      'target-lacks',
    ],
    [
      'a user who may not write',
      'create',
      { ok: 0, errmsg: 'not authorized on shop to execute command', code: 13, codeName: 'Unauthorized' },
      'privileges',
      'privileges-missing',
    ],
    [
      'a target without room',
      'insert',
      { ok: 0, errmsg: 'No space left on device', code: 14_031, codeName: 'OutOfDiskSpace' },
      'restoreFailed',
      'target-full',
    ],
    [
      'tools that replay no writes to a time series',
      'insert',
      { ok: 0, errmsg: 'no applyOps on buckets', code: 7_667_503, codeName: 'Location7667503' },
      'restoreFailed',
      'client-failed',
    ],
    ['a server that loses documents', 'insert', { ok: 1, n: 0 }, 'restoreFailed', 'client-failed'],
  ])('%s: a sentence, and a state', async (_, command, answer, exit, kind) => {
    target.on(command, () => answer);
    const result = await restore({ databases: ['blog'] });
    expect(result).toMatchObject({ exit, state: 'partial', reason: { kind } });
  });
});
