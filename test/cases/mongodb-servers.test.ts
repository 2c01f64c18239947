import { spawn } from 'node:child_process';
import { once } from 'node:events';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { MongoClient } from 'mongodb';
import { MONGODB_FOLDERS, mongoTools, mongodStandIn } from '../servers/mongod';
import { MongodbServer } from '../servers/mongodb';
import { MONGODB, describeOn } from '../servers/versions';
import { inImage } from '../support/in-image';
import { run, temporaryDirectory } from '../support/processes';

describeOn([MONGODB], 'what stands for MongoDB in tests (%s)', () => {
  let directory: string;

  beforeEach(() => (directory = temporaryDirectory('stand-in')));
  afterEach(() => fs.rmSync(directory, { recursive: true, force: true }));

  test('the tools name the release that they are built from', async () => {
    for (const tool of ['mongodump', 'mongorestore', 'bsondump'])
      expect(await run(path.join(mongoTools(), tool), ['--version'])).toMatch(
        new RegExp(`^${tool} version: 100\\.12\\.2\n`),
      );
  });

  test.each([true, false])('the tools dump and restore, over TLS: %s', async (tls) => {
    const server = await MongodbServer.start({ tls });
    try {
      await server.within(async (client) => {
        const books = client.db('shop').collection<{ _id: number; title: string }>('books');
        await books.insertMany(Array.from({ length: 2000 }, (_, id) => ({ _id: id, title: `vol. ${id}` })));
        await books.createIndex({ title: 1 }, { unique: true });
        const archive = path.join(directory, 'all.archive');
        await server.tool('mongodump', ['--db=shop', `--archive=${archive}`]);
        const names = ['--nsFrom=shop.*', '--nsTo=copy.*'];
        await server.tool('mongorestore', [`--archive=${archive}`, '--stopOnError', '--objcheck', ...names]);
        const copy = client.db('copy').collection('books');
        expect(await copy.countDocuments()).toBe(2000);
        expect((await copy.indexes()).map(({ name, unique }) => ({ name, unique }))).toEqual([
          { name: '_id_', unique: undefined },
          { name: 'title_1', unique: true },
        ]);
      });
    } finally {
      await server.stop();
    }
  });

  const processes = async (text: string) =>
    (await run('ps', ['-eo', 'args'])).split('\n').filter((a) => a.includes(text));

  test.each([
    ['SIGTERM', false],
    ['SIGKILL', false],
    ['SIGTERM', true],
    ['SIGKILL', true],
  ] as const)(
    'mongod serves a socket, and nothing is left of it after %s (in an image: %s)',
    async (signal, isInImage) => {
      const program = path.join(await mongodStandIn(directory), 'mongod');
      expect(await run(program, ['--version'])).toMatch(/^db version v7\.0\.\d+\n/);
      const own = path.join(directory, 'mongodb-27017.sock');
      const args = ['--dbpath', directory, '--bind_ip', own, '--unixSocketPrefix', directory];
      const all = [...args, '--setParameter', 'ttlMonitorEnabled=false'];
      const { command, args: given } = isInImage
        ? inImage(MONGODB, directory, [path.join(MONGODB_FOLDERS[0], 'mongod'), ...all])
        : { command: program, args: all };
      const child = spawn(command, given, { stdio: 'ignore' });
      const ended = once(child, 'exit');
      const client = new MongoClient(`mongodb://${encodeURIComponent(own)}`, { serverSelectionTimeoutMS: 60_000 });
      const { insertedId } = await client.db('shop').collection('books').insertOne({ title: 'one' });
      expect(await client.db('shop').collection('books').findOne()).toEqual({ _id: insertedId, title: 'one' });
      await client.close();
      expect((await processes(own)).length).toBeGreaterThan(1);
      child.kill(signal);
      expect(await ended).toEqual(signal === 'SIGTERM' ? [0, null] : [null, signal]);
      while ((await processes(own)).length > 0) await sleep(50);
    },
  );
});
