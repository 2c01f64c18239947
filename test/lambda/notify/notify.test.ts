import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { CreateScheduleCommand, SchedulerClient } from '@aws-sdk/client-scheduler';
import { SNSClient } from '@aws-sdk/client-sns';
import * as composer from '../../../lambda/notify/compose/compose';
import { notify } from '../../../lambda/notify/notify';
import { Emulator } from '../../emulator/emulator';
import { alarmSettingsOf, hoursAgo } from './alarm-scene';
import { alarmEvent, NO_DATA } from './events/alarms';
import { FaultProxy } from './notify-fault-proxy';
import {
  ago,
  HOUR,
  logged,
  measured,
  message,
  NotifyScene,
  received,
  run,
  tooOld,
  unstarted,
  subjects,
} from './notify-support';

let emulator: Emulator;
beforeAll(async () => (emulator = await Emulator.start()));
afterAll(() => emulator.stop());

let scenes = 0;
const scene = (...sources: string[]) =>
  NotifyScene.create(emulator, `notify-${scenes++}`, sources.length > 0 ? sources : ['shop']);

describe('a run that fails', () => {
  it('is told with the reason that the program gives, the end of its log, and the newest backup', async () => {
    const here = await scene();
    const id = await here.alarms.backup(hoursAgo(30));
    await here.log('shop/backup/task-a', [
      ...Array.from({ length: 20 }, (_, index) => logged('info', 'step', `step ${index}`)),
      logged('info', 'progress', '10 % done'),
      JSON.stringify({ _aws: { Timestamp: 1 }, BackupSuccess: 0 }),
      `mysqldump: using --password=hunter2 ${'x'.repeat(300)}`,
      logged('error', 'failed', 'the database refused the password of user backup: change it in the secret', {
        exit: 'connection',
        engine: 'postgresql',
        reason: { kind: 'login-refused', host: 'db', port: 5432, account: 'backup', said: 'password=hunter2 is wrong' },
      }),
    ]);
    expect(await here.batch([message(run('shop', 11, ago(1), 'task-a'))])).toEqual([]);

    const [email, ...others] = await here.emails();
    expect(others).toEqual([]);
    expect(email!.subject).toMatch(/^FAILED shop: db:5432 refused the login of backup \(/);
    const [told] = await here.notifications();
    expect(told).toMatchObject({ kind: 'problem', signal: 'failed', cause: 'connection', bucket: here.alarms.bucket });
    const [problem] = told!.problems!;
    expect(problem).toMatchObject({
      source: 'shop',
      times: 1,
      allowedAgeSeconds: 172_800,
      newest: { id },
      engine: 'postgresql',
      reason: { kind: 'login-refused', said: 'password=*** is wrong' },
    });
    expect(problem!.logLines).toHaveLength(15);
    expect(problem!.logLines![0]).toBe('info: step 7');
    expect(problem!.logLines![13]).toMatch(/^mysqldump: using --password=\*\*\* x+\.\.\.$/);
    expect(problem!.logLines![13]).toHaveLength(200);
    expect(problem!.logLines![14]).toBe(
      'error: the database refused the password of user backup: change it in the secret',
    );
    expect(email!.text).toContain('error: the database refused the password');
    expect(email!.text).toContain('SELECT rolname, rolcanlogin');
    expect(email!.text).not.toContain('hunter2');
  });

  it('is told once, however often its event comes, and again after 20 hours', async () => {
    const here = await scene();
    const event = run('shop', 13, ago(30));
    await here.batch([message(event), message(event)]);
    await here.batch([message(event)]);
    await here.batch([message(run('shop', 13, ago(29)))]);
    expect(await subjects(here)).toHaveLength(1);
    await here.batch([message(run('shop', 13, ago(1)))], { now: new Date(Date.now() + 20 * HOUR) });
    const [told] = await here.emails();
    expect(told!.text).toContain('3 runs in a row');
  });

  it('and one that could not be started are told apart, and over together', async () => {
    const here = await scene();
    await here.batch([message(run('shop', 13, ago(5))), message(unstarted('shop', ago(4)))]);
    expect((await subjects(here)).map((subject) => subject.split(' ')[0]).sort()).toEqual(['FAILED', 'NOT']);
    await here.batch([message(run('shop', 0, ago(3)))]);
    await here.notifications();
    await here.batch([message(run('shop', 0, ago(2)))]);
    expect(await subjects(here)).toEqual([expect.stringMatching(/^RECOVERED shop/)]);
    expect(await here.alarms.remembered('problems/shop')).toMatchObject({ open: {}, expiresAt: expect.any(Number) });
  });

  it('holds back that its source is silent', async () => {
    const here = await scene();
    const { bucket } = here.alarms;
    await here.batch([message(run('shop', 13, ago(3)))]);
    await here.emails();
    await here.batch([message(measured(bucket, 'shop', ago(2), [tooOld(ago(2))]))]);
    expect(await here.emails()).toEqual([]);
    const tomorrow = new Date(Date.now() + 24 * HOUR);
    await here.batch([message(measured(bucket, 'shop', tomorrow, [tooOld(ago(2))]))], { now: tomorrow });
    expect(await subjects(here)).toEqual([expect.stringMatching(/^SILENT shop/)]);
  });
});

describe('a batch', () => {
  it('is told in one email for each cause, and one for what is over', async () => {
    const here = await scene('a', 'b', 'c', 'd');
    await here.batch([message(run('c', 13, ago(9))), message(run('d', 13, ago(9)))]);
    expect(await subjects(here)).toEqual([expect.stringMatching(/^FAILED 2 sources/)]);
    await here.batch([
      ...['a', 'b'].map((source) => message(run(source, 11, ago(1)))),
      ...['c', 'd'].map((source) => message(run(source, 0, ago(1)))),
    ]);
    const emails = await here.emails();
    expect(emails.map(({ subject }) => subject).sort()).toEqual([
      expect.stringMatching(/^FAILED 2 sources/),
      expect.stringMatching(/^RECOVERED 2 sources/),
    ]);
  });

  it('with a message that nobody understands is told all the same, and that message too', async () => {
    const here = await scene();
    await here.batch([message('what is this?'), message(run('shop', 13, ago(1)))]);
    const emails = await here.emails();
    expect(emails).toHaveLength(2);
    expect(emails.map(({ text }) => text).join()).toContain('what is this?');
  });

  it('has a message again that cannot be judged yet, and tells it in the end', async () => {
    const here = await scene();
    const metric = {
      namespace: 'ProvenBackups',
      name: 'BackupAge',
      dimensions: { Bucket: here.alarms.bucket, Source: 'shop' },
    };
    const event = alarmEvent(metric, NO_DATA);
    const first = received(event, 1);
    expect(await here.batch([first])).toEqual([first.messageId]);
    expect(await here.emails()).toEqual([]);
    expect(await here.batch([received(event, 3)])).toEqual([]);
    expect(await subjects(here)).toEqual([expect.stringMatching(/^SILENT shop/)]);
  });

  it('tells of nobody who reads, and of the first one who does', async () => {
    const here = await scene();
    const { bucket } = here.alarms;
    const counted = (confirmed: number, at: Date) => ({
      ...measured(bucket, 'shop', at),
      subscriptions: { confirmed, pending: 1 },
    });
    await here.batch([message(counted(0, ago(2)))]);
    await here.batch([message(counted(0, ago(1.5)))]);
    await here.batch([message(counted(1, ago(1)))]);
    expect(await here.notifications()).toEqual([
      expect.objectContaining({ kind: 'problem', signal: 'housekeeping', cause: 'no-subscriber' }),
      expect.objectContaining({ kind: 'recovered' }),
    ]);
  });

  it('looks up what a schedule that failed was to start', async () => {
    const here = await scene();
    const scheduler = new SchedulerClient(emulator.client);
    const Target = {
      Arn: 'arn:aws:ecs:us-east-1:000000000000:cluster/backups',
      RoleArn: 'arn:aws:iam::000000000000:role/scheduler',
      EcsParameters: { TaskDefinitionArn: 'arn:aws:ecs:us-east-1:000000000000:task-definition/Backups-shop:3' },
    };
    const FlexibleTimeWindow = { Mode: 'OFF' } as const;
    const Name = `${here.alarms.bucket}-nightly`;
    await scheduler.send(
      new CreateScheduleCommand({ Name, ScheduleExpression: 'cron(0 2 * * ? *)', Target, FlexibleTimeWindow }),
    );
    const values = {
      SCHEDULE_ARN: `arn:aws:scheduler:us-east-1:000000000000:schedule/default/${Name}`,
      SCHEDULED_TIME: ago(1).toISOString(),
      ERROR_CODE: 'AccessDeniedException',
      ERROR_MESSAGE: 'not authorized to perform: iam:PassRole',
    };
    const attributes = Object.entries(values).map(([name, stringValue]) => [name, { stringValue }]);
    await here.batch([message('{}', { messageAttributes: Object.fromEntries(attributes) })]);
    const [told] = await here.notifications();
    expect(told).toMatchObject({ signal: 'never-started', problems: [{ source: 'shop' }] });
  });
});

describe('a digest', () => {
  it('is sent of all sources when it is due, with what is open', async () => {
    const here = await scene('shop', 'web');
    await here.alarms.configure(alarmSettingsOf(here.alarms.bucket, ['shop', 'web'], { digest: 'daily' }));
    const id = await here.alarms.backup(hoursAgo(3), 'shop');
    await here.batch([message(run('web', 13, ago(1)))]);
    await here.notifications();
    await here.batch([message({ kind: 'digest' })]);
    const [told] = await here.notifications();
    expect(told!.digest).toEqual([
      expect.objectContaining({ source: 'shop', open: [], newest: expect.objectContaining({ id }) }),
      expect.objectContaining({ source: 'web', open: ['failed'] }),
    ]);
  });

  it('of each backup comes once for those of a batch', async () => {
    const here = await scene('shop', 'web');
    await here.alarms.configure(alarmSettingsOf(here.alarms.bucket, ['shop', 'web'], { digest: 'each' }));
    const events = ['shop', 'web'].map((source) => run(source, 0, ago(1)));
    await here.batch(events.map((event) => message(event)));
    await here.batch(events.map((event) => message(event)));
    const told = await here.notifications();
    expect(told.map(({ kind, digest }) => [kind, digest?.map(({ source }) => source)])).toEqual([
      ['digest', ['shop', 'web']],
    ]);
  });
});

describe('when something is broken, there is an email all the same', () => {
  it('if it cannot be composed', async () => {
    const here = await scene('shop', 'web');
    const broken = () => {
      throw new TypeError('no such word');
    };
    const over = { composer: { ...composer, composeProblems: broken, composeRecoveries: broken } };
    expect(await here.batch([message(run('shop', 13, ago(2))), message(run('web', 13, ago(2)))], over)).toEqual([]);
    const [email] = await here.emails();
    expect(email!.subject).toBe('BACKUP ALARM (raw): failed dumpFailed shop, web');
    expect(email!.text).toContain('no such word');
    expect(email!.text).toContain('"exitCode": 13');
    await here.batch([message(run('shop', 0, ago(1)))], { composer: { ...over.composer, composeRaw: broken } });
    expect(await subjects(here)).toEqual(['BACKUP ALARM (raw): recovered shop']);
  });

  it('if the settings cannot be read', async () => {
    const here = await scene();
    await here.alarms.configure('{"formatVersion":99}');
    const events = [run('shop', 13, ago(2)), run('shop', 0, ago(1))];
    // A deployment may be under way: they come again.
    expect(await here.batch(events.map((event) => received(event, 2)))).toHaveLength(2);
    expect(await here.emails()).toEqual([]);
    expect(await here.batch(events.map((event) => received(event, 3)))).toEqual([]);
    const [email, ...others] = await here.emails();
    expect(others).toEqual([]);
    expect(email!.subject).toBe('BACKUP ALARM (raw): 2 events that could not be read');
    expect(email!.text).toContain('format 99');
    expect(email!.text.replace(/\s+/g, '')).toContain('task-definition/Backups-shop:3');
  });

  it('if the table is gone: each event is then told, as nothing is remembered', async () => {
    const here = await scene();
    const over = { table: 'gone' };
    expect(await here.batch([message(run('shop', 13, ago(2)))], over)).toEqual([]);
    expect(await here.batch([message(run('shop', 13, ago(1)))], over)).toEqual([]);
    expect(await subjects(here)).toHaveLength(2);
  });

  it('if the log group is gone', async () => {
    const here = await scene();
    await here.batch([message(run('shop', 13, ago(2), 'no-such-stream'))]);
    expect(await subjects(here)).toHaveLength(1);
  });
});

describe('what was not published', () => {
  it('comes again and is told then, and only then is it remembered', async () => {
    const here = await scene('shop', 'web');
    const over = { topic: `${here.alarms.topicArn}-gone` };
    const batch = [message(run('shop', 13, ago(2))), message(run('web', 0, ago(2)))];
    expect(await here.batch(batch, over)).toEqual([batch[0]!.messageId]);
    expect(await here.alarms.remembered('problems/shop')).toBeUndefined();
    expect(await here.batch([batch[0]!])).toEqual([]);
    expect(await subjects(here)).toEqual([expect.stringMatching(/^FAILED shop/)]);
    expect(await here.alarms.remembered('problems/shop')).toMatchObject({ open: { failed: { times: 1 } } });
  });

  it('of one cause does not stop the others', async () => {
    const here = await scene('shop', 'web');
    const proxy = await FaultProxy.start(emulator.endpoint, (operation, count) =>
      operation === 'Publish' && count === 1 ? 'InvalidParameter' : undefined,
    );
    const sns = new SNSClient({ ...emulator.client, endpoint: proxy.endpoint });
    const batch = [message(run('shop', 13, ago(2))), message(run('web', 14, ago(2)))];
    const [again, ...more] = await here.batch(batch, { sns });
    await proxy.stop();
    expect(more).toEqual([]);
    expect(await here.batch(batch.filter(({ messageId }) => messageId === again))).toEqual([]);
    expect((await here.notifications()).map(({ cause }) => cause).sort()).toEqual(['dumpFailed', 'uploadFailed']);
  });
});

describe('two at once', () => {
  it('lose nothing that one of them was told', async () => {
    const here = await scene();
    const batches = [run('shop', 13, ago(3)), run('shop', 14, ago(2)), unstarted('shop', ago(1))];
    const failed = await Promise.all(batches.map((event) => here.batch([message(event)])));
    expect(failed.flat()).toEqual([]);
    const causes = new Set((await here.notifications()).map(({ cause }) => cause));
    expect(causes).toEqual(new Set(['dumpFailed', 'uploadFailed', 'image']));
    const known = (await here.alarms.remembered('problems/shop'))!;
    expect(known).toMatchObject({ version: 3, open: { failed: { times: 2 }, 'never-started': { times: 1 } } });
  });

  /** Somebody else works on something between the first one's reading and writing. */
  const overtaken = async (here: NotifyScene, by: object, over: object): Promise<void> => {
    let isFirst = true;
    const proxy = await FaultProxy.start(emulator.endpoint, async (operation) => {
      if (operation !== 'DynamoDB_20120810.PutItem' || !isFirst) return undefined;
      isFirst = false;
      expect(await here.batch([message(by)])).toEqual([]);
      return undefined;
    });
    const dynamo = new DynamoDBClient({ ...emulator.client, endpoint: proxy.endpoint });
    expect(await here.batch([message(over)], { dynamo })).toEqual([]);
    await proxy.stop();
    expect(isFirst).toBe(false);
  };

  it('say nothing again that was said before the race, and remember both', async () => {
    const here = await scene();
    await overtaken(here, unstarted('shop', ago(1)), run('shop', 13, ago(2)));
    expect((await subjects(here)).map((subject) => subject.split(' ')[0])).toEqual(['NOT', 'FAILED']);
    expect(await here.alarms.remembered('problems/shop')).toMatchObject({
      version: 2,
      open: { failed: { times: 1 }, 'never-started': { times: 1 } },
    });
  });

  it('tell that it is over what the other one knew to be over', async () => {
    const here = await scene();
    await overtaken(here, run('shop', 0, ago(1)), run('shop', 13, ago(2)));
    expect((await here.notifications()).map(({ kind }) => kind)).toEqual(['problem', 'recovered']);
    await here.batch([message(run('shop', 0, ago(0.5)))]);
    expect(await here.notifications()).toEqual([]);
  });
});

describe('a test', () => {
  it('publishes one of each kind, marked, and says who subscribes', async () => {
    const here = await scene();
    const report = await here.tryOut();
    expect(report.topic).toBe(here.alarms.topicArn);
    expect(report.failures).toEqual([]);
    expect(report.subscriptions).toEqual(
      expect.arrayContaining([{ protocol: 'email', endpoint: `${here.alarms.bucket}@example.com`, confirmed: true }]),
    );
    expect((await subjects(here)).sort()).toEqual([...report.published].sort());
    expect(report.published.every((subject) => subject.startsWith('TEST '))).toBe(true);
    const told = await here.alarms.received();
    expect(told.every(({ attributes }) => attributes.test === 'true')).toBe(true);
    const kinds = new Set(told.map(({ attributes }) => attributes.signal ?? attributes.kind));
    expect(kinds).toEqual(
      new Set([
        'failed',
        'never-started',
        'silent',
        'strange-size',
        'not-proven',
        'housekeeping',
        'recovered',
        'digest',
        'note',
      ]),
    );
  });

  it('says what does not work', async () => {
    const here = await scene();
    const report = await here.tryOut({ topic: `${here.alarms.topicArn}-gone`, parameter: '/gone/x/alarms/own' });
    expect(report.published).toEqual([]);
    expect(report.failures[0]).toBe('the settings /gone/x/alarms/own do not exist: deploy the stack again');
    expect(report.failures.length).toBeGreaterThan(8);
  });
});

it('refuses what is neither a batch nor a test', async () => {
  const here = await scene();
  await expect(notify({ tset: true }, here.contextOf())).rejects.toThrow(/^the request is not understood/);
});
