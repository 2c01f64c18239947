import * as fs from 'node:fs';
import * as path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { PutSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { MEASURE_METRICS, METRICS } from '../../catalog/contract/task';
import { Emulator, appCommand } from '../emulator/emulator';
import { createSqliteDatabase } from '../schemas/sqlite';
import { MariadbServer } from '../servers/mariadb';
import { temporaryDirectory } from '../support/processes';
import { ADDRESS, SERVER_VARIABLE, STACK } from './alarms-names';
import { rolesOf } from './alarms-roles';
import { AlarmedScene } from './alarms-scene';

// The CDK CLI, on a machine that may be busy with other tests.
jest.setTimeout(180_000);

const HOUR = 3600;
const PASSWORD = 'the right one';
const files = temporaryDirectory('alarmed');

let emulator: Emulator;
let server: MariadbServer;
let scene: AlarmedScene;

beforeAll(async () => {
  [emulator, server] = await Promise.all([Emulator.start(), MariadbServer.start()]);
  createSqliteDatabase(path.join(files, 'notes.db')).close();
  await Promise.all([
    server.exec(
      `CREATE DATABASE shop; CREATE TABLE shop.orders (id INT PRIMARY KEY); INSERT INTO shop.orders VALUES (1), (2);
       CREATE USER backup@'%' IDENTIFIED BY '${PASSWORD}' REQUIRE SSL;
       GRANT SELECT, SHOW VIEW, TRIGGER, EVENT, LOCK TABLES ON *.* TO backup@'%';`,
    ),
    emulator.bootstrap(),
  ]);
  const { host, port, authority } = server;
  const environment = { [SERVER_VARIABLE]: JSON.stringify({ host, port, certificateAuthority: authority.pem }) };
  const app = await appCommand('test/e2e/alarms-app.ts');
  scene = new AlarmedScene(emulator, (await emulator.deploy(app, [STACK], environment))[STACK]!);
});
afterAll(async () => {
  await server?.stop();
  fs.rmSync(files, { recursive: true, force: true });
  await emulator?.stop();
});

const setPassword = (password: string) =>
  new SecretsManagerClient(emulator.client).send(
    new PutSecretValueCommand({
      SecretId: scene.outputs.Secret,
      SecretString: JSON.stringify({ username: 'backup', password }),
    }),
  );

/** The state of the dead man's switch of a source. */
async function stateOf(source: string): Promise<string> {
  const states = await emulator.evaluateAlarms();
  const alarms = Object.values(await emulator.recorded(STACK)).filter(
    ({ type, properties }) =>
      type === 'AWS::CloudWatch::Alarm' &&
      properties.MetricName === MEASURE_METRICS.age &&
      (properties.Dimensions as { Name: string; Value: string }[]).some(
        ({ Name, Value }) => Name === METRICS.source && Value === source,
      ),
  );
  expect(alarms).toHaveLength(1);
  return states[alarms[0]!.physicalId]!;
}

/** Waits for what a function that was just fired measures. */
async function untilState(source: string, state: string): Promise<void> {
  for (let tries = 0; (await stateOf(source)) !== state; tries++) {
    if (tries > 180) throw new Error(`the alarm of ${source} is not ${state}`);
    await sleep(500);
  }
}

/** Lets the schedules of the functions fire, and tells which did. */
async function hours(number: number): Promise<string[]> {
  await emulator.moveClock(number * HOUR);
  return emulator.fireSchedules();
}

/** An email without the breaks of its lines. */
const flat = (text: string): string => text.replace(/\s+/g, ' ');

test('a new stack says nothing of sources that it has not measured yet', async () => {
  await emulator.fireSchedules();
  expect(await stateOf('shop')).toBe('ALARM');
  expect(await hours(1)).toContain(scene.outputs.Measuring);
  await untilState('shop', 'OK');
  // Until the function looks again at what it could not judge.
  await emulator.moveClock(HOUR / 4);
  expect(await scene.rest()).toEqual([]);
});

describe('alarm test', () => {
  test('tells that an address has not confirmed: nothing comes there', async () => {
    const { code, out, err } = await scene.cli('alarm', 'test', '--bucket', scene.outputs.Bucket!);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out).toMatch(new RegExp(`^email +${ADDRESS} +pending$`, 'm'));
    expect(out).toContain(`note not confirmed, so SNS sends nothing there: ${ADDRESS}\n`);
    expect(await emulator.emails()).toEqual([]);
  });

  test('sends one of each kind, marked as a test, once it has confirmed', async () => {
    await scene.rest();
    expect(await emulator.confirmEmails(ADDRESS)).toBe(1);
    const { code, out, err } = await scene.cli('alarm', 'test', '--bucket', scene.outputs.Bucket!);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out).toMatch(new RegExp(`^email +${ADDRESS} +confirmed$`, 'm'));
    const emails = await emulator.emails();
    const subjects = emails.map(({ subject }) => subject);
    expect(subjects.length).toBeGreaterThanOrEqual(7);
    for (const subject of subjects) expect(out).toContain(`  ${subject}\n`);
    const notifications = await scene.rest();
    expect(notifications.map(({ subject, test }) => ({ subject, test }))).toEqual(
      subjects.map((subject) => ({ subject, test: true })),
    );
    for (const { text } of emails) expect(flat(text)).toMatch(/test/i);
  });
});

describe('a dump with a wrong password', () => {
  test('is told with the reason of the program, to people and programs', async () => {
    await setPassword('a wrong one');
    const { exitCode, stdout, stderr, task } = await scene.run('Shop');
    expect(exitCode).toBe(11);
    const lines = `${stdout}${stderr}`.trimEnd().split('\n');
    const said = lines.map((line) => JSON.parse(line) as { level?: string; message?: string });
    const sentence = said.findLast(({ level }) => level === 'error')!.message!;
    expect(sentence).toMatch(/password|denied/i);

    const { notification, emails } = await scene.told(({ signal }) => signal === 'failed');
    expect(notification).toMatchObject({
      kind: 'problem',
      signal: 'failed',
      cause: 'connection',
      bucket: scene.outputs.Bucket,
      subject: expect.stringMatching(/^FAILED shop: /) as string,
      problems: [
        {
          source: 'shop',
          sentence: expect.stringContaining(sentence) as string,
          times: 1,
          task: { exitCode: 11, arn: expect.stringContaining(task) as string },
          logLines: expect.arrayContaining([expect.stringContaining(sentence)]) as string[],
        },
      ],
    });
    expect(emails).toEqual([{ to: ADDRESS, subject: notification.subject, text: expect.any(String) as string }]);
    expect(flat(emails[0]!.text)).toMatch(/^The backup of shop failed: .*(?:refused the login|password|denied)/i);
    expect(emails[0]!.text).not.toContain('a wrong one');
    expect(await scene.rest()).toEqual([]);
  });

  test('and with the right one, that it is well again, once', async () => {
    await setPassword(PASSWORD);
    expect((await scene.run('Shop')).exitCode).toBe(0);
    const { notification, emails } = await scene.told(({ kind }) => kind === 'recovered');
    expect(notification).toMatchObject({
      subject: expect.stringMatching(/^RECOVERED shop/) as string,
      recoveries: [{ source: 'shop', signals: ['failed'] }],
    });
    expect(emails).toHaveLength(1);
    expect((await scene.run('Notes', { dataDirectory: files })).exitCode).toBe(0);
    expect(await hours(1)).toContain(scene.outputs.Measuring);
    expect(await scene.rest()).toEqual([]);
  });
});

describe('a schedule that somebody disabled, 30 hours later', () => {
  test('is told as silent, by the metric that breaches; the pruning tells what it refuses besides', async () => {
    // Something that the retention would let go.
    expect((await scene.run('Shop')).exitCode).toBe(0);
    expect((await scene.run('Notes', { dataDirectory: files })).exitCode).toBe(0);
    await scene.setSchedule('Shop', 'DISABLED');
    await emulator.moveClock(30 * HOUR);
    expect((await scene.run('Notes', { dataDirectory: files })).exitCode).toBe(0);
    const fired = [scene.outputs.Measuring, scene.outputs.Pruning];
    expect(await emulator.fireSchedules()).toEqual(expect.arrayContaining(fired));
    const silent = await scene.told(({ signal }) => signal === 'silent');
    expect(silent.notification).toMatchObject({
      kind: 'problem',
      cause: 'too-old',
      subject: expect.stringMatching(/^SILENT shop/) as string,
      problems: [
        { source: 'shop', newest: { engine: 'mariadb', engineVersion: expect.stringMatching(/^\d/) as string } },
      ],
    });
    expect(silent.emails).toHaveLength(1);
    await untilState('shop', 'ALARM');
    await untilState('notes', 'OK');

    const refused = await scene.told(({ signal }) => signal === 'housekeeping');
    expect(refused.notification).toMatchObject({ kind: 'problem', cause: 'prune' });
    expect(refused.emails).toHaveLength(1);
    // Two of the three backups of notes; that shop has no recent one is told already.
    const text = flat(refused.emails[0]!.text);
    expect(text).toContain('notes: 2 of 3 backups would be deleted');
    expect(text).not.toContain('nothing is deleted until a backup succeeds');

    // The alarm says what the measuring has told.
    expect(await scene.rest()).toEqual([]);
  });
});

test('a measuring that is dead is told by the missing data', async () => {
  await scene.setSchedule('Shop', 'ENABLED');
  expect((await scene.run('Shop')).exitCode).toBe(0);
  expect(await hours(1)).toContain(scene.outputs.Measuring);
  await scene.told(({ kind }) => kind === 'recovered');
  await untilState('shop', 'OK');
  await scene.rest();

  await scene.setSchedule('Measuring', 'DISABLED');
  expect(await hours(6)).not.toContain(scene.outputs.Measuring);
  expect(await stateOf('shop')).toBe('ALARM');
  const { notification, emails } = await scene.told(({ cause }) => cause === 'not-measured');
  expect(notification).toMatchObject({ kind: 'problem', signal: 'silent' });
  expect(emails).toHaveLength(1);
});

test('a backup is made by one command, also while the schedule is off', async () => {
  await scene.setSchedule('Shop', 'DISABLED');
  const [told, made] = await Promise.all([
    scene.cli('run', '--bucket', scene.outputs.Bucket!, '--source', 'shop'),
    scene.runStarted(),
  ]);
  expect(made.exitCode).toBe(0);
  const { backupId } = JSON.parse(/^.*"event":"complete".*$/m.exec(made.stdout)![0]) as { backupId: string };
  expect({ code: told.code, err: told.err }).toEqual({ code: 0, err: expect.stringContaining('the task is running') });
  const [started, , log, done] = told.out.split('\n');
  expect(started).toMatch(/^Started a backup of shop: task \S+ in cluster \S+\.$/);
  expect(log).toContain('/log-events/shop$252Fbackup$252F');
  expect(done).toMatch(
    new RegExp(`^Done after \\d+ (?:second|minute)s?: backup ${backupId} of shop \\([^,]+, 1 table, 2 rows\\)\\.$`),
  );
  const { out } = await scene.cli('list', '--bucket', scene.outputs.Bucket!, '--no-snapshots');
  expect(out).toContain(` ${backupId} `);
});

describe('the roles', () => rolesOf(() => scene, STACK));
