import { PutItemCommand } from '@aws-sdk/client-dynamodb';
import { CreateTopicCommand, SubscribeCommand } from '@aws-sdk/client-sns';
import { marshall } from '@aws-sdk/util-dynamodb';
import { Emulator } from '../../emulator/emulator';
import { S3FaultProxy } from '../../support/s3-fault-proxy';
import { alarmedSource, alarmSettingsOf, hoursAgo } from './alarm-scene';
import { ageAlarm, NO_DATA } from './events/alarms';
import { COPIES, copyJob } from './events/managed';
import { FILE_SYSTEM } from './events/message';
import { deleteCall } from './events/others';
import { measureIn, toldBy } from '../measure/measure-support';
import { ago, HOUR, measured, message, NotifyScene, run, subjects } from './notify-support';

let emulator: Emulator;
beforeAll(async () => (emulator = await Emulator.start()));
afterAll(() => emulator.stop());

let scenes = 0;
const scene = (...sources: string[]) =>
  NotifyScene.create(emulator, `upkeep-${scenes++}`, sources.length > 0 ? sources : ['shop']);

describe('before anybody has confirmed a subscription', () => {
  /** A topic with one subscription, which somebody still has to confirm. */
  async function unreadTopic(here: NotifyScene) {
    const { sns, bucket } = here.alarms;
    const { TopicArn } = await sns.send(new CreateTopicCommand({ Name: `${bucket}-unread` }));
    const Endpoint = `${bucket}-unread@example.com`;
    await sns.send(new SubscribeCommand({ TopicArn, Protocol: 'email', Endpoint }));
    const emails = async () => (await emulator.emails()).filter(({ to }) => to === Endpoint);
    return { topic: TopicArn!, emails, confirm: () => emulator.confirmEmails(Endpoint) };
  }
  const counted = (here: NotifyScene, hours: number, confirmed: number) =>
    message({
      ...measured(here.alarms.bucket, 'shop', ago(hours)),
      subscriptions: { confirmed, pending: 1 - confirmed },
    });

  it('a problem is told again to the first who does, with all its facts', async () => {
    const here = await scene();
    const { topic, emails, confirm } = await unreadTopic(here);
    await here.batch([message(run('shop', 11, ago(3)))], { topic });
    await here.batch([counted(here, 2, 0)], { topic });
    await confirm();
    await here.batch([counted(here, 1, 1)], { topic });
    const told = await emails();
    expect(told.map(({ subject }) => subject).sort()).toEqual([
      expect.stringMatching(/^FAILED shop/),
      expect.stringMatching(/^RECOVERED subscriptions/),
    ]);
    const text = told.find(({ subject }) => subject.startsWith('FAILED'))!.text;
    expect(text).toContain('--task-definition Backups-shop');
    expect(text).not.toMatch(/"\$(?:FAMILY|LOG_GROUP|TASK|CLUSTER)"/);
    await here.batch([counted(here, 0, 1)], { topic });
    expect(await emails()).toHaveLength(2);
  });

  it('a problem that was told after somebody had confirmed is not told again when the measuring notices', async () => {
    const here = await scene();
    const { topic, emails, confirm } = await unreadTopic(here);
    await here.batch([counted(here, 4, 0)], { topic });
    await confirm();
    await here.batch([message(run('shop', 11, ago(3)))], { topic });
    await here.batch([counted(here, 2, 1)], { topic });
    expect((await emails()).filter(({ subject }) => subject.startsWith('FAILED'))).toHaveLength(1);
  });

  it('a source that is removed is forgotten', async () => {
    const here = await scene('shop', 'blog');
    const { bucket } = here.alarms;
    await here.batch([message(run('blog', 11, ago(3)))]);
    await here.emails();
    await here.alarms.configure(alarmSettingsOf(bucket, ['shop']));
    await here.batch([message(measured(bucket, 'shop', ago(1)))]);
    expect(await subjects(here)).toEqual([]);
    expect(await here.alarms.remembered('problems/blog')).toMatchObject({ open: {} });
  });
});

it('a problem of copies is forgotten when the settings no longer name their vault', async () => {
  const here = await scene();
  const { bucket } = here.alarms;
  const managed = { resource: FILE_SYSTEM, vault: 'acme-vault', plan: 'acme-plan' };
  const configure = (copies: string[]) =>
    here.alarms.configure(
      alarmSettingsOf(bucket, [], { sources: { media: alarmedSource({ managed: { ...managed, copies } }) } }),
    );
  const measuredAt = (at: Date) => message(measured(bucket, 'media', at));
  await configure([COPIES]);
  await here.batch([message({ ...copyJob('FAILED', 'no'), time: ago(3).toISOString() })]);
  expect(await subjects(here)).toEqual([expect.stringMatching(/^COPY FAILED media/)]);
  const key = `problems/housekeeping/managed-copy/media/${COPIES}`;
  await here.batch([measuredAt(ago(2))]);
  expect(await here.alarms.remembered(key)).toHaveProperty('open.housekeeping');
  await configure([]);
  await here.batch([measuredAt(ago(1))]);
  expect(await subjects(here)).toEqual([]);
  expect(await here.alarms.remembered(key)).toMatchObject({ open: {} });
});

it('what 0.1.0 remembered is still known: its open problem is not told again, and its end is', async () => {
  const here = await scene();
  const [since, lastAt] = [ago(30).toISOString(), ago(3).toISOString()];
  const about = { about: 'shop', cause: 'connection', sentence: 'the database could not be reached' };
  const failed = { ...about, since, lastAt, toldAt: lastAt, told: { connection: lastAt } };
  await here.alarms.dynamo.send(
    new PutItemCommand({
      TableName: here.alarms.tableName,
      Item: marshall({
        ...{ of: 'problems/shop', version: 7, goodAt: {}, seen: [] },
        open: { failed: { ...failed, times: 2, hasEnd: true, items: [] } },
      }),
    }),
  );
  await here.batch([message(run('shop', 11, ago(2)))]);
  expect(await subjects(here)).toEqual([]);
  await here.batch([message(run('shop', 0, ago(1)))]);
  expect(await subjects(here)).toEqual([expect.stringMatching(/^RECOVERED shop/)]);
  expect(await here.alarms.remembered('problems/shop')).toMatchObject({ open: {}, version: 9 });
});

describe('housekeeping', () => {
  const denied = (here: NotifyScene, at: Date) =>
    message(
      deleteCall('DeleteObject', { bucketName: here.alarms.bucket, key: 'shop/x' }, { eventTime: at.toISOString() }),
    );
  const measuredAt = (here: NotifyScene, at: Date) => message(measured(here.alarms.bucket, 'shop', at));
  const later = (days: number) => new Date(Date.now() + days * 24 * HOUR);

  it('that nothing calls well is over after 14 days, with the first measuring after them', async () => {
    const here = await scene();
    await here.batch([denied(here, ago(1))]);
    expect(await subjects(here)).toEqual([expect.stringMatching(/^DELETE DENIED/)]);
    await here.batch([measuredAt(here, later(13.9))], { now: later(13.9) });
    expect(await subjects(here)).toEqual([]);
    await here.batch([measuredAt(here, later(14))], { now: later(14) });
    expect(await subjects(here)).toEqual([expect.stringMatching(/^RECOVERED .*has not happened again/)]);
    await here.batch([measuredAt(here, later(15))], { now: later(15) });
    expect(await subjects(here)).toEqual([]);
  });

  it('is told when the measuring cannot read what it is to measure, and when it can again', async () => {
    const here = await scene();
    await here.alarms.backup(hoursAgo(1));
    const proxy = await S3FaultProxy.start(emulator.endpoint);
    proxy.rule = ({ operation }) => (operation === 'GetObject' ? { status: 403, code: 'AccessDenied' } : undefined);
    const measuring = async (endpoint?: string) => {
      await measureIn(here.alarms, { endpoint });
      await here.batch((await toldBy(here.alarms)).map((measured) => message(measured)));
    };
    await measuring(proxy.endpoint).finally(() => proxy.stop());
    const [told, ...others] = await here.emails();
    expect(others).toEqual([]);
    expect(told!.subject).toMatch(/^MEASURING FAILED: 1 of 1 source could not be measured \(/);
    expect(told!.text).toContain('AccessDenied');
    // CloudWatch, too, hears nothing of the source any more: that is no second email.
    const dimensions = { Bucket: here.alarms.bucket, Source: 'shop' };
    await here.batch([message(ageAlarm(NO_DATA, dimensions))]);
    expect(await subjects(here)).toEqual([]);
    await measuring();
    expect(await subjects(here)).toEqual([expect.stringMatching(/^RECOVERED measuring/)]);
  });

  it('of the measuring is over when a run of it is complete', async () => {
    const here = await scene();
    const found = measured(here.alarms.bucket, 'shop', ago(0));
    const named = [{ source: 'crm', failure: 'AccessDenied' }];
    const blind = { ...measured(here.alarms.bucket, 'shop', ago(2)), complete: false, total: 12 };
    await here.batch([message({ ...blind, unmeasured: { count: 2, named } })]);
    const [told] = await here.emails();
    expect(told!.subject).toMatch(/^MEASURING FAILED/);
    expect(told!.text.replace(/\s+/g, ' ')).toContain(
      '2 of 12 sources could not be measured: crm: AccessDenied; and 1 more',
    );
    await here.batch([message({ ...blind, at: ago(1).toISOString() })]);
    expect(await subjects(here)).toEqual([]);
    await here.batch([message(found)]);
    expect(await subjects(here)).toEqual([expect.stringMatching(/^RECOVERED measuring/)]);
  });
});

describe('notes of backups', () => {
  it('are measured, mailed once for all sources together, and said to programs as facts', async () => {
    const here = await scene('shop', 'blog');
    const note = { kind: 'no-history', database: 'shop', objects: ['prices'] };
    for (const source of ['shop', 'blog'])
      await here.alarms.backup(hoursAgo(2), source, { engine: 'mariadb', notes: [note] });
    await measureIn(here.alarms);
    const body = (await toldBy(here.alarms))[0];
    await here.batch([message(body)]);
    expect(await subjects(here)).toEqual([expect.stringMatching(/^NOTE 2 sources: .+ \(.+\)$/)]);
    await here.batch([message({ ...body, at: new Date().toISOString() })]);
    expect(await subjects(here)).toEqual([]);
    const [told] = await here.alarms.received();
    expect(told!.attributes).toMatchObject({ kind: 'note' });
    expect(JSON.parse(told!.message)).toMatchObject({
      kind: 'note',
      notes: [{ source: 'shop', newest: { engine: 'mariadb' }, notes: [note] }, { source: 'blog' }],
    });
  });
});
