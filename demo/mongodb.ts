import { MongodbServer } from '../test/servers/mongodb';
import { MONGODB } from '../test/servers/versions';
import { documents, RESTORED, type Row } from './bookshop';
import { TABLES, type DemoDatabase } from './deeds';
import { ADMIN, describe, NAME, PASSWORD, passwordFault, USER } from './server';

/** Documents that FerretDB takes at once. */
const AT_ONCE = 10_000;

/** The bookshop in MongoDB, for whose server FerretDB stands: tables are collections, and rows documents. */
export async function startMongodb(): Promise<DemoDatabase> {
  const users = [USER, ADMIN].map((username) => ({ username, password: PASSWORD }));
  const server = await MongodbServer.start({ tls: true, users });
  const client = await server.connect();
  const shop = client.db(NAME);
  const of = (name: string) => shop.collection<Row>(name);
  for (const [name, rows] of documents())
    for (let from = 0; from < rows.length; from += AT_ONCE) await of(name).insertMany(rows.slice(from, from + AT_ONCE));
  await of('customers').createIndex({ email: 1 }, { unique: true });
  return {
    bookshop: (emulator) => describe(emulator, server),
    local: { version: MONGODB },
    ...passwordFault((pwd) => client.db('admin').command({ updateUser: USER, pwd })),
    // There are no digests of documents: they are compared with those of the dump alone.
    change: 'adding an index of the books by their price',
    changeIt: () => of('books').createIndex({ price: 1 }),
    count: (name) => of(name).countDocuments(),
    titleOf: async (_id) => String((await of('books').findOne({ _id }))?.title),
    deleteBook: async (_id) => {
      await of('orders').deleteMany({ book_id: _id });
      await of('books').deleteOne({ _id });
    },
    copyBack: async () => {
      const restored = client.db(RESTORED);
      for (const name of TABLES) {
        const there = (
          await of(name)
            .find({}, { projection: { _id: 1 } })
            .toArray()
        ).map(({ _id }) => _id);
        const lost = await restored
          .collection<Row>(name)
          .find({ _id: { $nin: there } })
          .toArray();
        await of(name).insertMany(lost);
      }
      await restored.dropDatabase();
    },
    as: RESTORED,
    look: `mongosh 'mongodb://${USER}@${server.host}:${server.port}/${NAME}?tls=true&authSource=admin' --tlsCAFile ${server.authority.file}`,
    stop: async () => {
      await client.close();
      await server.stop();
    },
  };
}
