import * as fs from 'node:fs';
import * as path from 'node:path';
import type { Evidence } from '../../catalog/bucket/evidence';
import type { Manifest } from '../../catalog/bucket/manifest';
import type { ServerJob } from '../../catalog/contract/task';
import { fingerprintMongodb } from '../compare/mongodb';
import { Emulator } from '../emulator/emulator';
import { AWKWARD_NAME, VALUES } from '../schemas/mongodb';
import { mongoTools } from '../servers/mongod';
import { MongodbServer } from '../servers/mongodb';
import { describeOn, MONGODB } from '../servers/versions';
import { TestBucket } from '../support/bucket';
import { AWKWARD_PASSWORD, mongodbJob } from '../support/job';
import { temporaryDirectory } from '../support/processes';
import { Program, type ProgramOptions } from '../support/program';
import { SecrecyWatch } from '../support/secrecy';

jest.setTimeout(300_000);

describeOn([MONGODB], 'a backup of %s', () => {
  let emulator: Emulator;
  let bucket: TestBucket;
  let source: MongodbServer;
  let target: MongodbServer;
  const scratchDirectory = temporaryDirectory('scratch');

  beforeAll(async () => {
    emulator = await Emulator.start();
    bucket = await TestBucket.create(emulator, 'backups');
    const users = [{ username: 'backup', password: AWKWARD_PASSWORD }];
    source = await MongodbServer.start({ tls: true, users });
    target = await MongodbServer.start();
    await source.within(async (client) => {
      const shop = client.db('shop');
      await shop.collection('values').insertOne(VALUES);
      const orders = shop.collection(AWKWARD_NAME);
      await orders.insertMany(
        Array.from({ length: 5000 }, (_, n) => ({ n, text: 'x'.repeat(500), even: n % 2 === 0 })),
      );
      await orders.createIndex({ n: 1, text: -1 }, { unique: true, name: 'both' });
      await orders.createIndex({ n: 1 }, { partialFilterExpression: { even: true } });
      await orders.createIndex({ when: 1 }, { expireAfterSeconds: 3600 });
      await shop.createCollection('empty');
      await client.db('sessions').collection('cache').insertOne({ a: 1 });
      await client.db('sessions').collection('kept').insertOne({ a: 2 });
    });
  });
  afterAll(async () => {
    await Promise.allSettled([source?.stop(), target?.stop()]);
    fs.rmSync(scratchDirectory, { recursive: true, force: true });
    await emulator?.stop();
  });

  const options = (name: string, what: Partial<ServerJob> = {}): ProgramOptions => ({
    job: mongodbJob(
      source,
      { source: name, bucket: bucket.name, scratchDirectory },
      { tls: { mode: 'certificate-authority', pem: source.authority.pem }, ...what },
    ),
    ...{ aws: bucket.taskOf(name), username: 'backup', password: AWKWARD_PASSWORD, toolsDirectory: mongoTools() },
  });
  const files = ({ objects }: Manifest) => objects.map(({ key, databases }) => [key.split('/')[2], databases]);
  const counts = ({ tables }: Manifest) =>
    tables.map(({ database, name, rows }) => `${database}.${name} ${rows}`).sort();
  const evidenceOf = async ({ objects }: Manifest) =>
    JSON.parse((await bucket.download(objects.find(({ kind }) => kind === 'evidence')!)).toString()) as Evidence;

  const content = (server: MongodbServer) => server.within((client) => fingerprintMongodb(client, 'shop'));

  test('has all databases in one archive, which comes back as it was, and keeps its secret', async () => {
    const watch = new SecrecyWatch(AWKWARD_PASSWORD, scratchDirectory);
    const result = await Program.run(options('all')).finally(() => watch.stop());
    expect(result).toMatchObject({ exit: 'success', failure: '' });
    const [manifest] = await bucket.manifests('all');
    expect(manifest).toMatchObject({
      ...{ engine: 'mongodb', serverVersion: expect.stringMatching(/^7\.0\./), toolVersion: '100.12.2' },
      ...{ consistency: { snapshot: 'none', rowCounts: 'archive' }, notes: [{ kind: 'no-snapshot' }] },
    });
    expect(files(manifest!)).toEqual([
      ['all.archive.zst', ['sessions', 'shop']],
      ['evidence.json.zst', []],
    ]);
    expect(counts(manifest!)).toEqual(
      ['sessions.cache 1', 'sessions.kept 1', `shop.${AWKWARD_NAME} 5000`, 'shop.empty 0', 'shop.values 1'].sort(),
    );
    const archive = path.join(scratchDirectory, 'archive');
    fs.writeFileSync(archive, await bucket.download(manifest!.objects[0]!));
    await target.tool('mongorestore', [`--archive=${archive}`, '--stopOnError', '--objcheck']);
    fs.rmSync(archive);
    const original = await content(source);
    expect(Object.keys(original)).toHaveLength(3 + 3 + 6);
    expect(await content(target)).toEqual(original);

    expect(watch.samples).toBeGreaterThan(500);
    expect([...watch.leaks]).toEqual([]);
    expect([...watch.files.values()]).toEqual(['600']);
    expect(fs.readdirSync(scratchDirectory)).toEqual([]);
    expect(await bucket.unfinishedUploads()).toEqual([]);
    const secret = AWKWARD_PASSWORD.split(' ')[0]!;
    expect(result.output + JSON.stringify(manifest)).not.toContain(secret);
  });

  test('says what the server says of its collections and indexes', async () => {
    const [manifest] = await bucket.manifests('all');
    const { inventory, digests, undigested } = await evidenceOf(manifest!);
    const unique = inventory.find(({ name }) => name.endsWith('.both'));
    expect(unique).toMatchObject({
      kind: 'index',
      facts: { key: '{"n":{"$numberInt":"1"},"text":{"$numberInt":"-1"}}' },
    });
    expect(unique!.facts.unique).toBe('true');
    expect(inventory.filter(({ kind }) => kind === 'collection').map(({ name }) => name)).toContain('shop.empty');
    expect([digests, new Set(undigested.map(({ why }) => why))]).toEqual([[], new Set(['no-snapshot'])]);
  });

  test('of chosen databases has an archive for each, and leaves out what it shall', async () => {
    const what = { databases: ['shop', 'sessions'], excludeCollections: ['sessions.cache', `shop.${AWKWARD_NAME}`] };
    expect(await Program.run(options('some', what))).toMatchObject({ exit: 'success' });
    const [manifest] = await bucket.manifests('some');
    expect(manifest).toMatchObject({ leftOut: ['excludeCollections'], options: what });
    expect(files(manifest!).slice(0, 2)).toEqual([
      ['shop.archive.zst', ['shop']],
      ['sessions.archive.zst', ['sessions']],
    ]);
    expect(counts(manifest!)).toEqual(['sessions.kept 1', 'shop.empty 0', 'shop.values 1']);
    const { inventory } = await evidenceOf(manifest!);
    expect(inventory.filter(({ kind }) => kind === 'collection').map(({ name }) => name)).toHaveLength(3);
  });

  test('takes address, user and password from a connection string, and what else the job says from it', async () => {
    const { server, ...job } = options('uri', { databases: ['sessions'] }).job;
    const { host, port, ...rest } = server!;
    const uri = `mongodb://backup:${encodeURIComponent(AWKWARD_PASSWORD)}@${host}:${port}/?authSource=admin&tls=true`;
    const result = await Program.run({
      ...options('uri'),
      ...{ job: { ...job, server: rest as ServerJob }, username: undefined, password: undefined },
      environment: { DATABASE_URI: uri },
    });
    expect(result).toMatchObject({ exit: 'success' });
    expect(result.output).not.toContain('Geheim');
    const [manifest] = await bucket.manifests('uri');
    expect(files(manifest!)[0]).toEqual(['sessions.archive.zst', ['sessions']]);
  });
});
