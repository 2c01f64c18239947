import { BSON, MongoClient, MongoServerError } from 'mongodb';
import { MongoReplicaSet, RESET } from '../servers/mongo-replica-set';
import type { MongoSetOptions } from '../servers/mongo-replica-set';
import { mongoTools } from '../servers/mongod';
import { run } from '../support/processes';

const DOCUMENTS = Array.from({ length: 2500 }, (_, id) => ({ _id: id, title: `vol. ${id}` }));

let set: MongoReplicaSet;

async function start(options: MongoSetOptions = {}): Promise<void> {
  set = await MongoReplicaSet.start(options);
  set.data.set('shop.books', { documents: [...DOCUMENTS], indexes: [{ v: 2, key: { title: 1 }, name: 'title_1' }] });
}
afterEach(() => set.stop());

/** Runs the real tool, and returns what it wrote, as text. */
const dump = (...args: string[]): Promise<string> =>
  run(`${mongoTools()}/mongodump`, [
    `--uri=mongodb://localhost:${set.port}/?directConnection=true`,
    '--archive',
    ...args,
  ]);

describe('the server that plays a replica set', () => {
  test('is dumped by the real tool with its oplog, which has what is written meanwhile', async () => {
    await start();
    set.during('shop.books', () => set.insert('shop.books', { _id: 'later', title: 'written meanwhile' }));
    const archive = await dump('--oplog');
    expect(archive).toContain('vol. 2499');
    // In the collection and in the oplog: it is the same after it is replayed.
    expect(archive.match(/written meanwhile/g)).toHaveLength(2);
  });

  test.each([
    ['a rename', () => set.rename('shop.books', 'shop.volumes'), 'cannot dump with oplog while renames occur'],
    ['an oplog that overflows', () => set.overflowOplog(), 'oplog overflow'],
  ])('%s fails a dump with its oplog', async (_, action, said) => {
    await start();
    set.during('shop.books', action);
    await expect(dump('--oplog')).rejects.toThrow(said);
  });

  test('a connection that is reset fails a dump', async () => {
    await start();
    set.on('getMore', ({ collection }) => (collection === 'books' ? RESET : undefined));
    await expect(dump()).rejects.toThrow(/connection|reset|EOF/);
  });

  test.each(['mongos', 'standalone'] as const)('a %s has no oplog', async (kind) => {
    await start({ kind });
    await expect(dump('--oplog')).rejects.toThrow();
    expect(await dump()).toContain('vol. 2499');
  });

  test.each(['SCRAM-SHA-1', 'SCRAM-SHA-256'] as const)('logs a user in by %s', async (authMechanism) => {
    await start({ users: [{ user: 'backup', password: 'right', privileges: [{ actions: ['find'] }] }] });
    const login = async (password: string) => {
      const auth = { username: 'backup', password };
      const client = new MongoClient(`mongodb://localhost:${set.port}`, {
        auth,
        authMechanism,
        directConnection: true,
      });
      try {
        return (await client.db('admin').command({ connectionStatus: 1 })).authInfo as unknown;
      } finally {
        await client.close();
      }
    };
    expect(await login('right')).toMatchObject({ authenticatedUsers: [{ user: 'backup', db: 'admin' }] });
    const refused = await login('wrong').catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(MongoServerError);
    expect((refused as MongoServerError).codeName).toBe('AuthenticationFailed');
    await expect(dump()).rejects.toThrow('requires authentication');
  });

  test('is read from a secondary, of a set of three', async () => {
    await start({ members: 3 });
    const seeds = set.ports.map((port) => `localhost:${port}`).join(',');
    const client = new MongoClient(`mongodb://${seeds}/?replicaSet=${set.name}&readPreference=secondary`);
    try {
      expect(
        await client
          .db('shop')
          .collection('books')
          .find({ _id: { $gte: BSON.Long.fromNumber(0) } as never })
          .toArray(),
      ).toHaveLength(2500);
      expect(set.asked.filter(({ name }) => name === 'find').map(({ member }) => member)).not.toContain(0);
      const { members } = await client.db('admin').command({ replSetGetStatus: 1 });
      expect((members as { stateStr: string }[]).map(({ stateStr }) => stateStr)).toEqual([
        'PRIMARY',
        'SECONDARY',
        'SECONDARY',
      ]);
    } finally {
      await client.close();
    }
  });

  test('options of collections come into the archive', async () => {
    await start();
    set.data.set('shop.recent', { options: { capped: true, size: 4096 }, documents: [{ _id: 1 }] });
    set.data.set('shop.dear', { type: 'view', options: { viewOn: 'books', pipeline: [] } });
    set.data.set('shop.prices', { type: 'timeseries', options: { timeseries: { timeField: 'at' } } });
    set.data.set('shop.system.buckets.prices', { documents: [{ _id: 2 }] });
    const archive = await dump();
    for (const found of ['"capped":true', '"viewOn":"books"', '"timeField":"at"', 'system.buckets.prices'])
      expect(archive).toContain(found);
  });
});
