import { ENV, TRIGGERS, type DumpJob, type ProveJob } from '../../../catalog/contract/task';
import { ENGINE_FACTS } from '../../../engines/facts';
import { readProve, readRun } from '../../../task/run/job';

const job: DumpJob = {
  action: 'dump',
  source: 'shop',
  engine: 'mariadb',
  engineVersion: '10.11',
  bucket: 'backups',
  keyArn: 'arn:aws:kms:eu-west-1:111122223333:key/1',
  compressionLevel: 1,
  timeoutSeconds: 3600,
  scratchDirectory: '/scratch',
  server: { host: 'db.internal', port: 3306, tls: { mode: 'public' } },
};
const environment = (changes: object = {}, variables: Record<string, string> = {}) => ({
  [ENV.job]: JSON.stringify({ ...job, ...changes }),
  [ENV.username]: 'backup',
  [ENV.password]: 'secret',
  ...variables,
});

test('a run is read from its environment', () => {
  const run = readRun(
    environment(
      {},
      { [ENV.trigger]: 'schedule', [ENV.scheduledTime]: '2026-11-20T02:00:00Z', [ENV.scheduleArn]: 'arn:schedule' },
    ),
  );
  expect(run).toEqual({
    job,
    trigger: 'schedule',
    scheduledTime: new Date('2026-11-20T02:00:00Z'),
    scheduleArn: 'arn:schedule',
    credentials: { username: 'backup', password: 'secret' },
  });
});

test('context attributes that the scheduler left as they are tell nothing', () => {
  const run = readRun(
    environment(
      {},
      { [ENV.scheduledTime]: '<aws.scheduler.scheduled-time>', [ENV.scheduleArn]: '<aws.scheduler.schedule-arn>' },
    ),
  );
  expect(run).not.toHaveProperty('scheduledTime');
  expect(run).not.toHaveProperty('scheduleArn');
  expect(run.trigger).toBe('on-demand');
});

describe('a connection string', () => {
  const tls = { mode: 'public' };
  const documents = { engine: 'mongodb', engineVersion: '8.0', server: { tls, authSource: 'shop' } };
  const uri = (text: string, changes: object = documents) => {
    const { [ENV.job]: document } = environment(changes);
    return readRun({ [ENV.job]: document, [ENV.uri]: text });
  };

  test('is read into what a job has else, which goes before it', () => {
    const run = uri('mongodb+srv://backup:se%40cret@db.example.net/?authSource=admin&readPreference=primary');
    expect(run.credentials).toEqual({ username: 'backup', password: 'se@cret' });
    expect(run.job.server).toEqual({
      ...{ host: 'db.example.net', port: 27_017, srv: true, readPreference: 'primary' },
      ...{ tls, authSource: 'shop' },
    });
  });

  test.each([
    [
      'mongodb://backup:secret@db?tls=maybe',
      documents,
      'environment variable DATABASE_URI does not fit: the connection string has the option tls, which must be true or false',
    ],
    [
      'mongodb://backup:secret@db?tls=false',
      documents,
      'the connection string asks for clear text, and tls of the database for TLS',
    ],
    [
      'mongodb://backup:secret',
      documents,
      'environment variable DATABASE_URI does not fit: the connection string has no user name',
    ],
    ['mysql://backup:secret@db', {}, 'a connection string is not for mariadb'],
  ])('%s is refused without a secret', (text, changes, sentence) => {
    expect(() => uri(text, changes)).toThrow(sentence);
    expect(() => uri(text, changes)).not.toThrow(/backup:|:secret/);
  });
});

test('SQLite needs a file and no credentials', () => {
  const run = readRun({
    [ENV.job]: JSON.stringify({ ...job, server: undefined, engine: 'sqlite', file: '/data/shop.db' }),
  });
  expect(run.job.file).toBe('/data/shop.db');
  expect(run).not.toHaveProperty('credentials');
});

test('digests and expectations go with a job', () => {
  const more: Partial<DumpJob> = {
    rowDigests: { kind: 'up-to', bytes: 1024 },
    expectations: [
      { kind: 'equals', statement: 'SELECT 1', database: 'shop', value: '1' },
      { kind: 'at-least', statement: 'SELECT COUNT(*) FROM account', value: 1 },
      { kind: 'tables', value: 15 },
    ],
  };
  expect(readRun(environment(more)).job).toEqual({ ...job, ...more });
});

test('a restore test is read from its environment', () => {
  const prove: ProveJob = {
    ...{ action: 'prove', source: 'shop', backupId: '2026-11-20T02-00-00Z', bucket: 'backups', keyArn: 'k' },
    ...{ timeoutSeconds: 3600, scratchDirectory: '/scratch' },
  };
  expect(readProve({ [ENV.job]: JSON.stringify(prove) })).toEqual(prove);
  const read = (changes: object) => () => readProve({ [ENV.job]: JSON.stringify({ ...prove, ...changes }) });
  expect(read({ backupId: 'newest' })).toThrow('backupId: must be the id of a backup, as 2026-11-20T02-00-00Z');
  expect(read({ source: 'Shop' })).toThrow('source: source name must be');
  expect(read({ engine: 'mysql' })).toThrow('Unrecognized key: "engine"');
});

const fits = (issue: string) => `environment variable BACKUP_JOB does not fit: ${issue}`;
test.each([
  [{}, 'environment variable BACKUP_JOB is not set: run this program through a task definition of cdk-proven-backups'],
  [{ [ENV.job]: '{' }, 'environment variable BACKUP_JOB is not JSON: '],
  [environment({ source: 'Shop' }), fits('source: source name must be 1 to 40 lower-case letters')],
  [
    environment({ engine: 'oracle' }),
    fits(`engine: must be one of ${Object.keys(ENGINE_FACTS).join(', ')}, got: "oracle"`),
  ],
  [environment({ action: 'restore' }), fits('action: Invalid input: expected "dump"')],
  [environment({ compressionLevel: 20 }), fits('compressionLevel: Too big: expected number to be <=19')],
  [environment({ rowDigests: { kind: 'share', share: 0 } }), fits('rowDigests.share: ')],
  [environment({ expectations: [{ kind: 'at-least', statement: 'SELECT 1', value: '1' }] }), fits('expectations.0.')],
  [environment({ server: undefined }), fits('server: is required for the engine mariadb')],
  [environment({ engine: 'sqlite' }), fits('file: is required for the engine sqlite')],
  [environment({ colour: 'red' }), fits('job: Unrecognized key: "colour"')],
  [environment({ server: { ...job.server, databases: [] } }), fits('server.databases: ')],
  [
    environment({ server: { ...job.server, databases: ['--where=1'] } }),
    fits('server.databases.0: must not start with a hyphen'),
  ],
  [
    environment({ server: { ...job.server, extraDumpArguments: ['--force'] } }),
    fits('server.extraDumpArguments: dump argument "--force" is not allowed'),
  ],
  [
    environment({}, { [ENV.password]: '' }),
    'environment variable DATABASE_PASSWORD is empty: the secret must hold the key that the task definition names for it',
  ],
  [
    environment({}, { [ENV.password]: 'a\nb' }),
    'environment variable DATABASE_PASSWORD holds a line break, which no option file can carry: store the value without it',
  ],
  [
    environment({}, { [ENV.trigger]: 'boredom' }),
    `environment variable BACKUP_TRIGGER must be one of ${TRIGGERS.join(', ')}, got: "boredom"`,
  ],
  [
    environment({}, { [ENV.scheduledTime]: 'yesterday' }),
    'environment variable BACKUP_SCHEDULED_TIME must be an ISO 8601 time in UTC such as 2026-11-20T02:00:00Z, got: "yesterday"',
  ],
])('%j is refused with a sentence and exit code 10', (env, sentence) => {
  expect(() => readRun(env)).toThrow(
    expect.objectContaining({ exitCode: 10, message: expect.stringContaining(sentence) }),
  );
});
