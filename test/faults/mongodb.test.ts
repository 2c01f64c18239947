import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ServerJob } from '../../catalog/contract/task';
import { mongoTools } from '../servers/mongod';
import { MongodbServer } from '../servers/mongodb';
import { describeOn, MONGODB } from '../servers/versions';
import { mongodbJob } from '../support/job';
import { Program, type ProgramOptions } from '../support/program';
import { TcpProxy } from '../support/tcp-proxy';
import { wrapTool, type ToolFault } from '../support/tool-wrapper';
import type { RunReason } from '../../task/run/errors';
import { Fixture } from './fixture';

jest.setTimeout(300_000);

const PASSWORD = 'not-so-secret';
const MEGABYTES = 30;
const HALF = MEGABYTES * 500_000;
const EARLY = 10_000_000;
const line = (text: string): string => `2026-11-30T01:02:03.456+0000\t${text}\n`;

describeOn([MONGODB], 'a dump of %s', () => {
  let fixture: Fixture;
  let server: MongodbServer;
  let proxy: TcpProxy;

  beforeAll(async () => {
    fixture = await Fixture.start();
    server = await MongodbServer.start({ users: [{ username: 'backup', password: PASSWORD }] });
    proxy = await TcpProxy.start(server.port);
    await server.within(async (client) => {
      const orders = client.db('shop').collection('orders');
      const chunk = () => Array.from({ length: 100 }, () => ({ bytes: randomBytes(10_000) }));
      for (let megabyte = 0; megabyte < MEGABYTES; megabyte++) await orders.insertMany(chunk());
      await client.db('small').collection('t').insertOne({ a: 1 });
      for (const name of ['first', 'second'])
        await client
          .db('pair')
          .collection(name)
          .insertMany([...chunk(), ...chunk()]);
    });
  });
  afterAll(async () => {
    await Promise.allSettled([proxy?.stop(), server?.stop()]);
    await fixture?.stop();
  });

  const options = (source: string, what: Partial<ServerJob> = {}, directories: string[] = []): ProgramOptions => ({
    job: mongodbJob(server, fixture.place(source), { databases: ['shop'], ...what }),
    ...{ aws: fixture.emulator.environment, username: 'backup', password: PASSWORD },
    toolsDirectory: [...directories, mongoTools()].join(':'),
  });
  const wrapped = (fault: ToolFault) => [wrapTool('mongodump', fault, fixture.directory)];
  const expectNextRunSucceeds = (source: string) =>
    fixture.expectNextRunSucceeds(options(source, { databases: ['small'] }));

  test.each<[string, ToolFault, string, RegExp, RunReason]>([
    [
      'is killed',
      { afterBytes: HALF, killedBy: 'SIGKILL' },
      'dumpFailed',
      /^mongodump was killed by SIGKILL, as the kernel does when memory runs out/,
      { kind: 'tool-killed', object: 'mongodump' },
    ],
    [
      'complains and exits with 0',
      { says: line('something went wrong') },
      'dumpFailed',
      /^mongodump exited with 0 but complained: something went wrong$/,
      { kind: 'tool-failed', object: 'mongodump', said: 'something went wrong' },
    ],
    [
      'ends early and exits with 0',
      { afterBytes: HALF, exits: 0 },
      'dumpFailed',
      /^mongodump exited with 0, but its archive is not whole: it ends too early, at byte \d+ of the archive; the dump was discarded$/,
      { kind: 'dump-incomplete', object: 'mongodump' },
    ],
    ['writes all, and exits with 1', { exits: 1 }, 'dumpFailed', /^mongodump exited with 1$/, { kind: 'tool-failed' }],
    [
      'finds the oplog overwritten',
      {
        exits: 1,
        says: line('Failed: oplog overflow: mongodump was unable to capture all new oplog entries during execution'),
      },
      'dumpFailed',
      /^mongodump exited with 1: Failed: oplog overflow: .* \(the oplog was overwritten while the dump was made: enlarge it/,
      { kind: 'oplog-overflow' },
    ],
    [
      'may not read a collection',
      {
        exits: 1,
        says: line(
          'Failed: error reading collection: (Unauthorized) not authorized on shop to execute command { find: "orders" }',
        ),
      },
      'privileges',
      /^mongodump exited with 1: .*not authorized on shop/,
      { kind: 'privileges-missing' },
    ],
    [
      'meets a rename, twice',
      { exits: 1, says: line('Failed: error dumping oplog: cannot dump with oplog while renames occur') },
      'dumpFailed',
      /while renames occur \(a collection was renamed or dropped while the dump was made: keep such changes away from backups\)$/,
      { kind: 'collection-changed' },
    ],
    [
      'shows a document',
      {
        exits: 1,
        says: line('Failed: cannot dump with oplog if admin.system.version is modified by {"password": "hunter2"}'),
      },
      'dumpFailed',
      /admin\.system\.version is modified by someone \(/,
      { kind: 'collection-changed' },
    ],
  ])('whose tool %s leaves no backup', async (what, fault, exit, sentence, reason) => {
    const source = what.replaceAll(/[^a-z0-9]+/g, '-');
    const result = await Program.run(options(source, {}, wrapped(fault)));
    await fixture.expectFailure(result, source, exit as 'dumpFailed', sentence, reason);
    expect(result.output).not.toContain('hunter2');
    expect(result.log.some(({ event }) => event === 'retry')).toBe(reason.kind === 'collection-changed');
    await expectNextRunSucceeds(source);
  });

  test('of seconds shows how far several collections are, which is no complaint', async () => {
    // The tool shows it every three seconds, here twice; both collections have two megabytes.
    const stalled = proxy.stallAfter(1_500_000);
    const run = Program.run(options('slow', { port: proxy.port, databases: ['pair'] }));
    await stalled;
    await sleep(6500);
    proxy.resume();
    const result = await run;
    expect(result).toMatchObject({ exit: 'success' });
    expect(result.log.map(({ event }) => event)).not.toContain('retry');
  });

  test('whose connection is cut midway is made once more', async () => {
    const stalled = proxy.stallAfter(EARLY);
    const run = Program.run(options('cut', { port: proxy.port }));
    await stalled;
    proxy.cut();
    const result = await run;
    expect(result).toMatchObject({ exit: 'success' });
    expect(result.log.find(({ event }) => event === 'retry')?.message).toMatch(
      /^the backup is tried once more: mongodump/,
    );
    const [manifest] = await fixture.bucket.manifests('cut');
    expect(manifest!.tables).toEqual([{ database: 'shop', name: 'orders', rows: MEGABYTES * 100 }]);
  });

  test.each<[string, Partial<ServerJob>, Partial<ProgramOptions>, string, RegExp, RunReason]>([
    [
      'a wrong password',
      {},
      { password: 'wrong' },
      'connection',
      /^could not connect to localhost:\d+: .*\(the server refused user or password: check the secret, and authSource/,
      { kind: 'login-refused', account: 'backup' },
    ],
    [
      'a database that does not exist',
      { databases: ['shop', 'blog'] },
      {},
      'configuration',
      /^database "blog" does not exist on localhost, or the user may not see it; it shows: pair, shop, small$/,
      { kind: 'database-unknown', database: 'blog' },
    ],
    [
      'a host that is not known',
      { host: 'nobody.invalid' },
      {},
      'connection',
      /^could not connect to nobody\.invalid:\d+: /,
      // By who asks whom for the name.
      { kind: expect.stringMatching(/^(host-unknown|name-server-silent)$/) as RunReason['kind'] },
    ],
    [
      'a port where nothing listens',
      { port: 1 },
      {},
      'connection',
      /nothing listens there: check host and port/,
      { kind: 'nothing-listens', port: 1 },
    ],
    [
      'a server without TLS, where it is asked for',
      { tls: { mode: 'public' } },
      {},
      'connection',
      /the server offers no TLS: switch it on there, or choose DatabaseTls\.off\(reason\)/,
      { kind: 'tls-not-offered' },
    ],
  ])('stops before its first byte for %s', async (what, job, changes, exit, sentence, reason) => {
    const source = what.replaceAll(/[^a-z0-9]+/g, '-');
    const result = await Program.run({ ...options(source, job), ...changes });
    await fixture.expectFailure(result, source, exit as 'connection', sentence, reason);
  });

  test('of another version is refused', async () => {
    const { job, ...rest } = options('version');
    const result = await Program.run({ ...rest, job: { ...job, engineVersion: '8.0' } });
    const sentence = /^the server is MongoDB 7\.0\.\d+, but the backup is set up for version 8\.0: set version: '7\.0'/;
    await fixture.expectFailure(result, 'version', 'configuration', sentence, { kind: 'version-mismatch' });
  });

  test('whose server dies midway leaves no backup', async () => {
    const stalled = proxy.stallAfter(EARLY);
    const run = Program.start(options('died', { port: proxy.port }));
    await stalled;
    await server.kill();
    proxy.resume();
    // Now and then mongodump neither ends nor reads on: then the timeout ends the run.
    const isTold = await run.logged('retry').then(
      () => true,
      () => false,
    );
    await proxy.stop();
    const result = await run.result();
    expect(result).toMatchObject(
      isTold ? { exit: 'connection', reason: { kind: 'nothing-listens' } } : { exit: 'timedOut' },
    );
    const retry = result.log.find(({ event }) => event === 'retry');
    if (isTold) expect(retry?.message).toMatch(/: mongodump exited with 1: /);
    expect(await fixture.bucket.manifests('died')).toEqual([]);
  });
});
