/** Runs on an instance: the deployed document, executed as the SSM Agent does, with a real Docker engine. */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { CloudWatchLogsClient } from '@aws-sdk/client-cloudwatch-logs';
import { S3Client } from '@aws-sdk/client-s3';
import { GetScheduleCommand, SchedulerClient } from '@aws-sdk/client-scheduler';
import { PutSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import type { Catalog } from '../../catalog/bucket/read';
import { readCatalog } from '../../catalog/bucket/read';
import { S3CatalogStore } from '../../catalog/bucket/s3-store';
import { containerOf, HANDED_DIRECTORY, HOST_EXITS, runIn } from '../../catalog/contract/instance';
import { logReader, logStreamOf, logTail } from '../../catalog/contract/run-log';
import type { RestoreRequest } from '../../catalog/contract/task';
import { EXIT_CODES } from '../../catalog/contract/task';
import { appCommand, Emulator } from '../emulator/emulator';
import { MariadbServer } from '../servers/mariadb';
import { TestBucket } from '../support/bucket';
import type { Docker, Finished } from './docker';
import { asRoot, startDocker } from './docker';
import type { DeployedDocument, Values } from './instance';
import { dockerOf, Instance, valuesOf } from './instance';
import { makeImage } from './program-image';
import { EmptyRegistry } from './registry';
import { fillMariadb } from './fixtures';
import { IMAGES, USER } from './stack';
import { makeStandIns } from './stand-ins';

const ROLE = 'vm';
const SOURCE = 'shop';

/** What restores and interrupted runs leave until this machine boots. */
const marks: string[] = [];
/** The registry has none of the images: what is on the instance runs. */
const NOT_PULLED = expect.stringMatching(
  /^Error.* not found.*\nthe image \S+ could not be pulled: the one that is here runs\n$/,
) as string;
let registry: EmptyRegistry;
let docker: Docker;
let emulator: Emulator;
let mariadb: MariadbServer;
let instance: Instance;
let documents: Record<string, DeployedDocument>;
let document: DeployedDocument;
let folder: string;
let outputs: Record<string, string>;
let s3: S3Client;
let logs: CloudWatchLogsClient;

beforeAll(async () => {
  [mariadb, emulator, registry] = await Promise.all([MariadbServer.start(), Emulator.start(), EmptyRegistry.start()]);
  // What the log driver finds at an instance.
  const { AWS_ACCESS_KEY_ID = '', AWS_SECRET_ACCESS_KEY = '' } = emulator.environmentOf(ROLE);
  docker = await startDocker({ AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY });
  await makeStandIns(docker);
  await makeImage(docker, 'mariadb', IMAGES.mariadb);
  await makeImage(docker, 'sqlite', IMAGES.sqlite);
  for (const name of ownImages()) await docker.docker('tag', name, `${registry.host}/${name}`);
  await fillMariadb(mariadb);
  await emulator.bootstrap();
  const app = await appCommand('test/image/instance-app.ts');
  folder = path.join(emulator.directory, 'srv');
  const props = { port: mariadb.port, pem: mariadb.authority.pem, role: ROLE, folder, registry: registry.host };
  outputs = (await emulator.deploy(app, [], { INSTANCE_APP: JSON.stringify(props) })).InstanceTest!;
  const recorded = Object.values(await emulator.recorded('InstanceTest'));
  documents = Object.fromEntries(
    recorded.flatMap(({ type, properties: { Name, Content } }) =>
      type === 'AWS::SSM::Document'
        ? [[String(Name).replace(/(restore\.)?.*-/, '$1'), Content as DeployedDocument]]
        : [],
    ),
  );
  document = documents[SOURCE]!;
  s3 = new S3Client({ ...emulator.client, forcePathStyle: true });
  logs = new CloudWatchLogsClient(emulator.client);
  instance = new Instance(emulator, ROLE, dockerOf(emulator, docker));
});
afterAll(async () => {
  s3?.destroy();
  logs?.destroy();
  for (const mark of marks) rmSync(mark, { recursive: true, force: true });
  for (const name of ownImages()) await docker?.tryDocker('image', 'rm', `${registry.host}/${name}`);
  registry?.stop();
  await Promise.all([mariadb?.stop(), docker?.stop()]);
  refusedToLog();
  await emulator?.stop();
});

const ownImages = () => [IMAGES.mariadb, IMAGES.sqlite];
const catalog = (source = SOURCE): Promise<Catalog> => readCatalog(new S3CatalogStore(s3, outputs.Bucket!), source);
/** The values that the deployed schedule sends. */
async function scheduled(time: string): Promise<Values> {
  const command = new GetScheduleCommand({ Name: outputs.Schedule, GroupName: outputs.Group });
  return valuesOf(await new SchedulerClient(emulator.client).send(command), time);
}
/** The values that `proven-backups restore` sends. */
function restoring(request: RestoreRequest): Values {
  const run = randomUUID();
  marks.push(`/run/proven-backups.restored.${run}`);
  return {
    run: [run],
    request: [Buffer.from(JSON.stringify(request)).toString('base64')],
    // Sent again after a whole restore, it is not late.
    notAfter: [`${Math.floor(Date.now() / 1000) + 3600}`],
  };
}
const byHand: Values = { trigger: ['on-demand'] };
/** A run that waits for a table: its container runs. */
async function waiting(change = (script: string) => script) {
  const holder = await mariadb.connect();
  await holder.query('LOCK TABLES shop.book WRITE');
  const running = instance.run(document, byHand, (script) => change(script.replace('timeout 900', 'timeout 1')));
  while ((await docker.docker('ps', '--quiet')) === '') await sleep(100);
  return { running, goOn: () => holder.end() };
}
async function tailOf({ stdout }: Finished) {
  const stream = logStreamOf(SOURCE, runIn(stdout)!);
  return logTail(await logReader(logs)(outputs.LogGroup!, stream));
}
/** What Docker may not write into a log, which it tries again by itself when the container has ended. */
function refusedToLog(): string[] {
  const refused = emulator?.guard.denials.splice(0).map(({ access }) => access.action) ?? [];
  expect(refused.filter((action) => !/^logs:(CreateLogStream|PutLogEvents)$/.test(action))).toEqual([]);
  return refused;
}
async function nothingIsLeft(): Promise<void> {
  expect(instance.leftovers).toEqual([]);
  expect(await docker.docker('ps', '-aq')).toBe('');
  expect(await docker.docker('volume', 'ls', '-q')).toBe('');
}

test('a scheduled run makes a complete backup, logs as a task does, and leaves nothing behind', async () => {
  const ended = await instance.run(document, await scheduled('2026-01-01T02:00:00Z'));
  expect(ended).toMatchObject({ code: EXIT_CODES.success, stderr: NOT_PULLED });
  const { backups, damaged } = await catalog();
  expect(damaged).toEqual([]);
  expect(backups).toMatchObject([
    {
      backupId: '2026-01-01T02-00-00Z',
      engine: 'mariadb',
      trigger: 'schedule',
      tables: [{ name: 'book', rows: 2000 }],
    },
  ]);
  const { lines, failure } = await tailOf(ended);
  expect(failure).toBeUndefined();
  expect(lines.join('\n')).toContain('of shop is complete: 1 table');
  await nothingIsLeft();
});

test('the same scheduled minute once more: no second backup, and no failure', async () => {
  const ended = await instance.run(document, await scheduled('2026-01-01T02:00:00Z'));
  expect(ended.code).toBe(EXIT_CODES.success);
  expect((await catalog()).backups).toHaveLength(1);
});

test('a run by hand makes another backup', async () => {
  expect((await instance.run(document, byHand)).code).toBe(EXIT_CODES.success);
  expect((await catalog()).backups.map(({ trigger }) => trigger)).toEqual(['schedule', 'on-demand']);
});

test('the program gets limits, and neither secret nor credentials on its command line or in its environment', () => {
  const words = instance.dockerArguments;
  expect(words).not.toContain(USER.password);
  expect(words).not.toMatch(/SECRET_ACCESS_KEY|SESSION_TOKEN|DATABASE_PASSWORD/);
  const options = ['--cpus\n0.5', '--memory\n512m', '--memory-swap\n512m', '--read-only', '--cap-drop\nALL'];
  for (const option of options) expect(words).toContain(option);
});

test('credentials are renewed while the program runs', async () => {
  const before = instance.sessions;
  const { running, goOn } = await waiting();
  // Two at the start; and two more, while the dump waits for the table.
  while (instance.sessions < before + 4) await sleep(100);
  await goOn();
  expect(await running).toMatchObject({ code: EXIT_CODES.success, stderr: NOT_PULLED });
});

describe('Docker that is restarted, and its containers are not', () => {
  afterEach(() => instance.setDocker(true));

  test('costs no backup', async () => {
    const { running, goOn } = await waiting();
    instance.setDocker(false);
    await sleep(4000);
    instance.setDocker(true);
    await goOn();
    expect(await running).toMatchObject({ code: EXIT_CODES.success });
    await nothingIsLeft();
  });

  test('if it does not come back, the container keeps what it was handed, and goes on', async () => {
    const before = (await catalog()).backups.length;
    const { running, goOn } = await waiting((script) => script.replace('%s) + 300)', '%s) + 1)'));
    instance.setDocker(false);
    expect(await running).toMatchObject({
      code: HOST_EXITS.lost,
      stderr: expect.stringMatching(/^Docker did not answer for 5 minutes\n$/m) as string,
    });
    const [left = ''] = instance.leftovers;
    expect(readdirSync(path.join(left, 'handed'))).toContain('credentials.json');
    await goOn();
    const id = await docker.docker('ps', '--all', '--quiet');
    expect(await docker.docker('wait', id)).toBe('0');
    expect((await catalog()).backups).toHaveLength(before + 1);
    await docker.docker('rm', '--volumes', id);
    await asRoot('rm', '-rf', left);
    await nothingIsLeft();
  });
});

test('containers of runs that were interrupted go after an hour, with the copies in their volumes', async () => {
  const [uuid, other] = [randomUUID(), randomUUID()];
  const node = ['/opt/proven-backups/node', '-e'];
  const handed: string[] = [];
  const start = (name: string, script: string) => {
    const made = mkdtempSync('/run/proven-backups.');
    marks.push(made);
    handed.push(made);
    mkdirSync(path.join(made, 'handed'));
    const mount = `type=bind,source=${made}/handed,destination=${HANDED_DIRECTORY},readonly`;
    const options = ['--detach', '--network', 'none', '--name', name, '--volume', '/copy', '--mount', mount];
    return docker.docker('run', ...options, IMAGES.sqlite, ...node, script);
  };
  const ours = await start(containerOf(SOURCE, uuid), '');
  const kept = [
    await start(containerOf(SOURCE, other), 'setInterval(() => {}, 1000)'),
    await start(containerOf(`${SOURCE}-eu`, uuid), ''),
    await start(`${containerOf(SOURCE, uuid)}-x`, ''),
  ];
  for (const id of [ours, kept[1]!, kept[2]!]) await docker.docker('wait', id);
  const there = async () => (await docker.docker('ps', '--all', '--quiet', '--no-trunc')).split('\n').sort();
  const volumes = async () => (await docker.docker('volume', 'ls', '--quiet')).split('\n').length;
  const [all, before] = [await there(), await volumes()];
  expect((await instance.run(document, byHand)).code).toBe(EXIT_CODES.success);
  expect(await there()).toEqual(all);
  // An hour later.
  const later = (script: string) => script.replace('%s) - 3600)', '%s) + 60)');
  expect((await instance.run(document, byHand, later)).code).toBe(EXIT_CODES.success);
  expect(await there()).toEqual([...kept].sort());
  expect(handed.map((made) => existsSync(made))).toEqual([false, true, true, true]);
  expect(await volumes()).toBeLessThan(before);
  await docker.docker('rm', '--force', '--volumes', ...kept);
  await nothingIsLeft();
});

test('an image whose name may get another one is asked for each time, and what is built with the stack is not', async () => {
  registry.asked.clear();
  expect((await instance.run(document, byHand)).code).toBe(EXIT_CODES.success);
  expect([...registry.asked]).toEqual([IMAGES.mariadb]);
  registry.asked.clear();
  const fixed = (script: string) => script.replace("pull='always'", "pull='missing'");
  expect(await instance.run(document, byHand, fixed)).toMatchObject({ code: EXIT_CODES.success, stderr: '' });
  expect([...registry.asked]).toEqual([]);
});

test('the image that a name had before goes, unless another name has it', async () => {
  const name = `${registry.host}/${IMAGES.mariadb}`;
  // The pull of a registry that has another one.
  const pulls = (script: string) => script.replace('pull --quiet', `tag ${IMAGES.mariadb}`);
  const images = () => docker.docker('images', '--all', '--quiet', '--no-trunc');
  const container = await docker.docker('create', '--network', 'none', name);
  const old = await docker.docker('commit', container, name);
  await docker.docker('rm', '--volumes', container);
  await docker.docker('tag', name, 'other:1');
  expect(await instance.run(document, byHand, pulls)).toMatchObject({ code: EXIT_CODES.success, stderr: '' });
  expect(await docker.docker('images', '--quiet', '--no-trunc', 'other:1')).toBe(old);
  await docker.docker('tag', 'other:1', name);
  await docker.docker('rmi', 'other:1');
  expect(await images()).toContain(old);
  expect(await instance.run(document, byHand, pulls)).toMatchObject({ code: EXIT_CODES.success, stderr: '' });
  expect(await images()).not.toContain(old);
});

describe('what lies on the instance', () => {
  test('files of other users, and an SQLite database among them: backed up with owners, and left as they were', async () => {
    mkdirSync(folder);
    writeFileSync(path.join(folder, '.env'), 'SECRET=1');
    writeFileSync(path.join(folder, 'a.tmp'), '');
    const state = new DatabaseSync(path.join(folder, 'state.db'));
    state.exec('PRAGMA journal_mode = WAL; CREATE TABLE state (a); INSERT INTO state VALUES (1), (2)');
    state.close();
    await asRoot('chown', '1000:1001', path.join(folder, '.env'), path.join(folder, 'state.db'));
    await asRoot('chmod', '600', path.join(folder, '.env'), path.join(folder, 'state.db'));
    await asRoot('chmod', '700', folder);
    await asRoot('chown', '1002', folder);
    const look = () =>
      readdirSync(folder).map((name) => {
        const { ctimeNs, uid } = statSync(path.join(folder, name), { bigint: true });
        return { name, ctimeNs, uid };
      });
    const before = look();
    const ended = await instance.run(documents.config!, byHand);
    expect(ended).toMatchObject({ code: EXIT_CODES.success, stderr: NOT_PULLED });
    expect(look()).toEqual(before);
    const bucket = TestBucket.of(emulator, outputs.Bucket!);
    const [{ objects }] = (await catalog('config')).backups as [Catalog['backups'][number]];
    const contents = await bucket.download(objects.find(({ kind }) => kind === 'contents')!);
    const entries = contents
      .toString()
      .trim()
      .split('\n')
      .slice(1)
      .map((line) => JSON.parse(line) as object);
    expect(entries).toMatchObject([
      { path: '.', mode: '0700', uid: 1002 },
      { path: '.env', size: 8, mode: '0600', uid: 1000, gid: 1001 },
      { path: 'state.db', mode: '0600', uid: 1000, gid: 1001 },
    ]);
    const archive = await bucket.download(objects.find(({ kind }) => kind === 'files')!);
    expect(archive.toString('latin1')).toContain('SECRET=1');
    await asRoot('rm', path.join(folder, '.env'), path.join(folder, 'state.db'));
    const [{ backupId }] = (await catalog('config')).backups as [Catalog['backups'][number]];
    const values = restoring({ backupId, overwrite: ['config'] });
    const restored = await instance.run(documents['restore.config']!, values);
    expect(restored).toMatchObject({ code: EXIT_CODES.success, stderr: NOT_PULLED });
    // Sent twice, and sent once more from the history of commands.
    const late = { ...values, run: [randomUUID()], notAfter: ['1700000000'] };
    const [again, old] = [
      await instance.run(documents['restore.config']!, values),
      await instance.run(documents['restore.config']!, late),
    ];
    expect(again).toMatchObject({ code: HOST_EXITS.repeated, stderr: 'this restore was started already\n' });
    expect(old).toMatchObject({
      code: HOST_EXITS.repeated,
      stderr: 'this restore was sent too long ago: start it anew\n',
    });
    const { uid, gid, mode } = statSync(path.join(folder, '.env'));
    expect({ uid, gid, mode: mode & 0o777 }).toEqual({ uid: 1000, gid: 1001, mode: 0o600 });
    expect(readdirSync(folder).sort()).toEqual(['.env', 'a.tmp', 'state.db']);
    await nothingIsLeft();
  });

  test('an SQLite database in a volume of a container that writes to it', async () => {
    const write = `const database = new (require('node:sqlite').DatabaseSync)('/app/sessions.db');
      database.exec('PRAGMA journal_mode = WAL; CREATE TABLE session (a)');
      for (let n = 0; n < 100; n++) database.exec('INSERT INTO session VALUES (1)');
      console.log('open'); setInterval(() => database.exec('CREATE TABLE IF NOT EXISTS other (a)'), 100)`;
    const node = '/opt/proven-backups/node';
    const app = ['--detach', '--network', 'none', '--user', '0', '--volume', 'app_sessions:/app', IMAGES.sqlite];
    const missing = await instance.run(documents.sessions!, byHand);
    expect(missing).toMatchObject({
      code: HOST_EXITS.data,
      stderr: 'Docker shows no volume app_sessions on this instance\n',
    });
    await nothingIsLeft();
    const id = await docker.docker('run', ...app, node, '--no-warnings', '-e', write);
    try {
      while (!(await docker.docker('logs', id)).includes('open')) await sleep(100);
      const running = await instance.run(documents.sessions!, byHand);
      await docker.docker('rm', '--force', '--volumes', id);
      // An application that is killed leaves its log.
      const killed = await instance.run(documents.sessions!, byHand);
      const [{ backupId }] = (await catalog('sessions')).backups as [Catalog['backups'][number]];
      const overwrite = ['sessions.db'];
      const restored = await instance.run(documents['restore.sessions']!, restoring({ backupId, overwrite }));
      expect(restored).toMatchObject({ code: EXIT_CODES.success, stderr: NOT_PULLED });
      expect(instance.dockerArguments).toContain('\ntype=volume,source=app_sessions,destination=/data,volume-nocopy\n');
      expect([running, killed]).toMatchObject(Array(2).fill({ code: EXIT_CODES.success, stderr: NOT_PULLED }));
    } finally {
      await docker.tryDocker('rm', '--force', '--volumes', id);
      await docker.docker('volume', 'rm', 'app_sessions');
    }
    const tables = [
      { name: 'other', rows: 0 },
      { name: 'session', rows: 100 },
    ];
    expect((await catalog('sessions')).backups).toMatchObject(Array(2).fill({ engine: 'sqlite', tables }));
    expect(instance.dockerArguments).toContain(
      'type=volume,source=app_sessions,destination=/data,readonly,volume-nocopy',
    );
    await nothingIsLeft();
  });
});

describe('a run that fails', () => {
  test('in the program: with its exit code, and its reason in the log', async () => {
    const secrets = new SecretsManagerClient(emulator.client);
    const put = (password: string) =>
      secrets.send(
        new PutSecretValueCommand({
          SecretId: outputs.Secret,
          SecretString: JSON.stringify({ username: USER.username, password }),
        }),
      );
    await put('wrong');
    const ended = await instance.run(document, byHand);
    await put(USER.password);
    expect(ended.code).toBe(EXIT_CODES.connection);
    expect(await tailOf(ended)).toMatchObject({ failure: { exit: 'connection', reason: { kind: 'login-refused' } } });
    await nothingIsLeft();
  });

  test('out of memory', async () => {
    const runs = () => instance.run(document, byHand, (script) => script.replaceAll('512m', '30m'));
    let ended = await runs();
    // Docker may hear of the kernel's deed after it has told of the end.
    for (let tries = 1; tries < 3 && ended.code !== HOST_EXITS.outOfMemory; tries++) ended = await runs();
    expect(ended).toMatchObject({
      code: HOST_EXITS.outOfMemory,
      stderr: expect.stringMatching(/^the container ran out of memory\n$/m) as string,
    });
  });

  test.each<[keyof typeof HOST_EXITS, (script: string) => string, RegExp, string[]]>([
    [
      'role',
      (script) => script.replace(/^execution_role='.*'$/m, "execution_role='arn:aws:iam::000000000000:role/other'"),
      /^the role of this instance may not take on arn:aws:iam::000000000000:role\/other$/m,
      ['sts:AssumeRole'],
    ],
    [
      'image',
      (script) => script.replace(/^image='.*'$/m, "image='127.0.0.1:9/none:1'"),
      /^the image 127\.0\.0\.1:9\/none:1 could not be pulled$/m,
      [],
    ],
    [
      'image',
      (script) => script.replace(/^image='.*'$/m, "image='127.0.0.1:9/a.dkr.ecr.b/none:1'"),
      /127\.0\.0\.1:9[^]*^ECR did not let this instance in$/m,
      [],
    ],
    [
      'image',
      (script) => script.replace(/^image='.*'$/m, `image='${registry.host}/a.dkr.ecr.b/none:1'`),
      // Without what Docker says of the password.
      /^Error[^\n]* not found[^\n]*\nthe image \S+ could not be pulled\n$/,
      [],
    ],
    [
      'secret',
      (script) => script.replace(/^secret_id='.*'$/m, "secret_id='none'"),
      /^the secret none could not be read$/m,
      ['secretsmanager:GetSecretValue'],
    ],
    [
      'container',
      (script) => script.replace("--network 'host'", "--network 'shop_default'"),
      /shop_default[^]*^Docker did not start the container$/m,
      [],
    ],
  ])('on the host: %s', async (exit, change, said, refused) => {
    const ended = await instance.run(document, byHand, change);
    expect(ended).toMatchObject({ code: HOST_EXITS[exit], stdout: '', stderr: expect.stringMatching(said) as string });
    expect(emulator.guard.denials.splice(0).map(({ access }) => access.action)).toEqual(refused);
    await nothingIsLeft();
  });

  test('a log that cannot be written costs no backup', async () => {
    const change = (script: string) => script.replace(/awslogs-group='[^']*'/, "awslogs-group='other'");
    expect((await instance.run(document, byHand, change)).code).toBe(EXIT_CODES.success);
    expect(refusedToLog()).toContain('logs:CreateLogStream');
  });

  test('on the host: no AWS CLI', async () => {
    instance.uninstall('aws');
    const ended = await instance.run(document, byHand);
    expect(ended).toMatchObject({ code: HOST_EXITS.awsCli, stderr: 'aws is not in PATH: install the AWS CLI\n' });
  });

  test('on the host: no Docker', async () => {
    instance.uninstall('docker');
    // Of this machine, which may have one there.
    const ended = await instance.run(document, byHand, (script) => script.replace(/^PATH=.*$/m, ''));
    expect(ended).toMatchObject({ code: HOST_EXITS.docker, stderr: 'docker is not in PATH: install Docker\n' });
  });
});
