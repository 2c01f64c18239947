/** Two documents' examples live through what the documents promise, with real MongoDB tools: see examples/documents. */
import { randomBytes } from 'node:crypto';
import { GetObjectCommand, S3Client } from '@aws-sdk/client-s3';
import type { Manifest } from '../../catalog/bucket/manifest';
import { backupIdTime, manifestKey, objectKey, VERDICT_FILE } from '../../catalog/bucket/names';
import { parseVerdict } from '../../catalog/bucket/verdict';
import { testedBy } from '../../catalog/contract/restore-tests';
import { mongodbDocuments } from '../compare/mongodb';
import { Emulator } from '../emulator/emulator';
import { SystemsManager } from '../emulator/systems-manager';
import { mongoTools } from '../servers/mongod';
import { MongodbServer } from '../servers/mongodb';
import { describeOn, MONGODB } from '../servers/versions';
import { coverage } from '../support/two-years';
import type { AlarmedScene } from './alarms-scene';
import { putHistory } from './backup-history';
import { candleFilesStory, makeKey } from './candle-files-story';
import { Desk } from './desk';
import { deployDocuments, type Team } from './document-stacks';
import { SPOTIFY, spotifyUploaderStory } from './spotify-uploader-story';
import { Story } from './story';
import { TeamHost } from './team-host';

jest.setTimeout(300_000);

const [HOUR, DAY] = [3600, 86_400];
const USER = { username: 'backup', password: 'only the "server" knows' };
const KEY = makeKey();
const CANDLE: Team = {
  ...USER,
  ...{ document: 'candle', role: 'candle-server', secret: 'candle/backup' },
  replaced: [['age1lvyvwawkr0mcnnnncaghunadrqkmuf9e6507x9y920xxpp866cnql7dp2z', KEY.recipient]],
};
const ADDRESS = 'candle@example.com';

const range = (from: number, to: number, step: number): number[] =>
  Array.from({ length: Math.ceil((to - from) / step) }, (_, index) => from + index * step);
/** An email without the breaks of its lines. */
const flat = (email: string): string => email.replace(/\s+/g, ' ');

describeOn([MONGODB], 'on %s', () => {
  let emulator: Emulator;
  let server: MongodbServer;
  let story: Story;
  let candle: AlarmedScene;
  let shop: TeamHost;
  /** Of the Spotify uploader. */
  let sessions: Story;
  let desk: Desk;

  beforeAll(async () => {
    [emulator, server] = await Promise.all([Emulator.start(), MongodbServer.start({ users: [USER] })]);
    await emulator.bootstrap();
    const outputs = await deployDocuments(emulator, [CANDLE, { ...SPOTIFY, ...USER }]);
    const manager = new SystemsManager(emulator);
    shop = new TeamHost(emulator, manager, CANDLE.role, MONGODB, server.port);
    const uploader = new TeamHost(emulator, manager, SPOTIFY.role, MONGODB, server.port);
    desk = new Desk(emulator, mongoTools(), server.rootPassword);
    story = new Story(emulator, outputs.CandleBackups!, shop, desk, ADDRESS);
    candle = story.scene;
    sessions = new Story(emulator, outputs.SpotifyUploaderBackups!, uploader, desk, 'spotify-uploader@example.com');
  });
  afterAll(async () => {
    for (const one of [shop, sessions?.host, desk]) one?.remove();
    await server?.stop();
    await emulator?.stop();
  });

  const restore = (source: string, ...more: string[]) => [
    ...['restore', '--source', source, '--local', '--to', `mongodb://${server.rootUser}@127.0.0.1:${server.port}`],
    ...['--no-tls', ...more],
  ];
  const documents = (database: string, name: string) =>
    server.within((client) => mongodbDocuments(client, database, name));

  describe('Candle: a shop with daily, weekly and monthly backups', () => {
    const DATABASE = 'candle-ecommerce';
    let s3: S3Client;
    let newest: Manifest;
    let oldest: { readonly id: string };
    /** Ages of older backups: each day, then each week, then each month. */
    const DAYS = [range(1, 17, 1), range(17, 120, 7), range(120, 440, 28)].flat();
    const Bucket = () => candle.outputs.Bucket!;
    const read = async (Key: string) =>
      (await s3.send(new GetObjectCommand({ Bucket: Bucket(), Key }))).Body!.transformToString();

    beforeAll(async () => {
      s3 = new S3Client({ ...emulator.client, forcePathStyle: true });
      await server.within(async (client) => {
        const database = client.db(DATABASE);
        await database.collection('orders').insertMany(Array.from({ length: 500 }, (_, n) => ({ n, scent: 'cedar' })));
        await database.collection('orders').createIndex({ n: 1 }, { unique: true });
        // What is smaller than 8 MiB stays out of cold storage.
        await database
          .collection('photos')
          .insertMany(Array.from({ length: 18 }, (_, n) => ({ n, jpeg: randomBytes(512 * 1024) })));
      });
      await story.begin();
    });

    test('a run on the server is told by email when its backup is complete', async () => {
      await shop.pass(candle, 'mongodb');
      const { notification, emails } = await candle.told(({ kind }) => kind === 'digest');
      expect(notification).toMatchObject({ digest: [{ source: 'mongodb', newest: { tables: 2, rows: 518 } }] });
      expect(emails).toMatchObject([
        { to: ADDRESS, subject: expect.stringMatching(/^BACKUP COMPLETE mongodb/) as string },
      ]);
      expect(flat(emails[0]!.text)).toContain('2 collections with 518 documents');
      const [made] = await desk.listed(candle, 'mongodb');
      newest = JSON.parse(await read(manifestKey('mongodb', made!.id))) as Manifest;
    });

    test('its restore test starts by schedule, in a throw-away server, and it passes', async () => {
      await story.hoursLater(1);
      const ended = await candle.runStarted((by) => testedBy(by)?.source === 'mongodb', { version: MONGODB });
      expect(ended).toMatchObject({ exitCode: 0 });
      const verdict = parseVerdict(await read(objectKey('mongodb', newest.backupId, VERDICT_FILE)));
      expect(verdict).toMatchObject({ verdict: 'passed', tables: 2, rows: 518, differences: [] });
      const { out } = await desk.cli(candle, ['list', '--source', 'mongodb', '--no-snapshots']);
      expect(out).toMatch(new RegExp(`^mongodb +${newest.backupId} .* yes, \\d`, 'm'));
    });

    test('of more than a year, 14 days, 14 weeks and 13 months are kept, and the old months lie in cold storage', async () => {
      const made = backupIdTime(newest.backupId)!;
      await putHistory(s3, Bucket(), newest, DAYS);
      expect(await desk.cli(candle, ['prune', '--source', 'mongodb', '--yes'])).toMatchObject({ code: 0 });
      const kept = await desk.listed(candle, 'mongodb');
      const times = kept.map(({ id }) => backupIdTime(id)!);
      const stored = { now: made, times };
      expect(coverage(stored, 'daily', 14)).toBe(14);
      expect(coverage(stored, 'weekly', 14)).toBe(14);
      expect(coverage(stored, 'monthly', 13)).toBe(13);
      expect(kept.length).toBeLessThan(14 + 14 + 13);
      const ageOf = (id: string): number => (made.getTime() - backupIdTime(id)!.getTime()) / (DAY * 1000);
      expect(kept.filter(({ storageClass }) => storageClass === 'DEEP_ARCHIVE').map(({ id }) => ageOf(id))).toEqual(
        kept.map(({ id }) => ageOf(id)).filter((age) => age >= 105),
      );
      oldest = kept.toSorted((a, b) => a.id.localeCompare(b.id))[0]!;
    });

    test('a copy of a year ago comes out of cold storage, and is restored beside the shop', async () => {
      const args = restore('mongodb', '--backup', oldest.id, '--databases', DATABASE, '--as', 'candle-then', '--yes');
      const begun = await desk.cli(candle, args);
      expect(begun).toMatchObject({ code: 4, out: expect.stringContaining('The retrieval has begun') as string });
      await emulator.moveClock(13 * HOUR);
      const restored = await desk.cli(candle, args);
      expect(restored).toMatchObject({ code: 0, out: expect.stringContaining('all as in the backup') as string });
      for (const name of ['orders', 'photos'])
        expect(await documents('candle-then', name)).toEqual(await documents(DATABASE, name));
    });

    candleFilesStory(() => story, KEY);

    test('25 hours without a backup are an alert, which ends with the next one', async () => {
      await story.hoursLater(11);
      const { notification, emails } = await candle.told(({ signal }) => signal === 'silent');
      expect(notification).toMatchObject({ problems: [{ source: 'mongodb', cause: 'too-old' }] });
      expect(emails).toMatchObject([{ to: ADDRESS, subject: expect.stringMatching(/^SILENT mongodb/) as string }]);
      await server.within((client) =>
        client
          .db(DATABASE)
          .collection<{ n: number }>('photos')
          .deleteMany({ n: { $gt: 1 } }),
      );
      await shop.pass(candle, 'mongodb');
      const over = await candle.told(({ kind }) => kind === 'recovered');
      expect(over.notification).toMatchObject({ recoveries: [{ source: 'mongodb', signals: ['silent'] }] });
    });

    test('that most of the photos are gone is an alert of the size', async () => {
      await story.hoursLater(1);
      const { notification, emails } = await candle.told(({ signal }) => signal === 'strange-size');
      expect(notification).toMatchObject({
        problems: [{ source: 'mongodb', cause: 'shrunk', lastUsual: { id: newest.backupId } }],
      });
      expect(emails).toMatchObject([
        { to: ADDRESS, subject: expect.stringMatching(/^STRANGE SIZE mongodb/) as string },
      ]);
      // Of the other backups and tests there was good news only.
      expect((await candle.rest()).filter(({ kind }) => kind === 'problem')).toEqual([]);
    });

    test('a run that fails is an alert', async () => {
      shop.port = 1;
      expect(await shop.fire(candle, 'mongodb')).not.toMatchObject([{ code: 0 }]);
      expect(await story.email(({ signal }) => signal === 'failed', /^FAILED mongodb/)).toContain('127.0.0.1:1');
      shop.port = server.port;
    });

    test('the photos come back in place, by one command that asks, and the next run ends both alerts', async () => {
      const args = restore('mongodb', '--databases', DATABASE, '--overwrite');
      const talk = { question: `Type its name (${DATABASE}): `, answer: DATABASE };
      const out = await story.does(args, { talk });
      expect(out).toContain(newest.backupId);
      expect(out).toContain('2 collections, 518 documents, all as in the backup');
      for (const name of ['orders', 'photos'])
        expect(await documents(DATABASE, name)).toEqual(await documents('candle-then', name));
      await shop.pass(candle, 'mongodb');
      await story.email(({ kind }) => kind === 'recovered', /^RECOVERED mongodb/);
    });
  });

  spotifyUploaderStory(() => ({ server, story: sessions, desk, restore }), USER);
});
