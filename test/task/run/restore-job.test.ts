import { ENV, type RestoreJob, type RestoreRequest } from '../../../catalog/contract/task';
import { readRestore } from '../../../task/run/job';

const ID = '2026-11-20T02-00-00Z';
const job: RestoreJob = {
  ...{ action: 'restore', source: 'shop', engine: 'mariadb', bucket: 'backups', timeoutSeconds: 3600 },
  scratchDirectory: '/scratch',
  server: { host: 'db.internal', port: 3306, tls: { mode: 'public' } },
};
const environment = (request: object = {}, changes: object = {}) => ({
  [ENV.job]: JSON.stringify({ ...job, ...changes }),
  [ENV.restore]: JSON.stringify({ backupId: ID, ...request }),
  ...{ [ENV.username]: 'admin', [ENV.password]: 'secret' },
});

test('a restore is read from its environment', () => {
  const request: RestoreRequest = {
    ...{ backupId: ID, databases: ['shop'], as: 'shop_restored', overwrite: ['shop'], safetyBackup: '/safe', jobs: 2 },
    ...{ dryRun: true, stream: true, definers: { account: 'app@%' } },
  };
  expect(readRestore(environment(request))).toEqual({
    ...{ job, request },
    credentials: { username: 'admin', password: 'secret' },
  });
});

test('a file needs no credentials', () => {
  const changes = { engine: 'sqlite', server: undefined, file: '/data/shop.db' };
  expect(readRestore({ ...environment({}, changes), [ENV.username]: undefined })).not.toHaveProperty('credentials');
});

test('a restore reads from the primary, whatever a connection string prefers', () => {
  const changes = { engine: 'mongodb', server: { tls: { mode: 'public' } } };
  const uri = 'mongodb://admin:secret@db.internal/?readPreference=secondaryPreferred';
  const { job, credentials } = readRestore({ ...environment({}, changes), [ENV.uri]: uri });
  expect(job.server).toEqual({ host: 'db.internal', port: 27_017, tls: { mode: 'public' } });
  expect(credentials).toEqual({ username: 'admin', password: 'secret' });
});

const badJob = (fault: string) => `environment variable BACKUP_JOB does not fit: ${fault}`;
const bad = (fault: string) => `environment variable RESTORE_REQUEST does not fit: ${fault}`;
test.each<[Record<string, string | undefined>, string]>([
  [environment({}, { action: 'dump' }), badJob('action: Invalid input: expected "restore"')],
  [environment({}, { keyArn: 'k' }), badJob('job: Unrecognized key: "keyArn"')],
  [environment({}, { server: undefined }), badJob('server: is required for the engine mariadb')],
  [environment({}, { server: { ...job.server, databases: ['a'] } }), badJob('server: Unrecognized key: "databases"')],
  [
    { ...environment(), [ENV.restore]: undefined },
    'environment variable RESTORE_REQUEST is not set: start this task by proven-backups restore, which sets it',
  ],
  [{ ...environment(), [ENV.restore]: '{' }, 'environment variable RESTORE_REQUEST is not JSON: '],
  [environment({ colour: 'red' }), bad('request: Unrecognized key: "colour"')],
  [
    environment({ backupId: 'newest' }),
    bad('backupId: must be the id of a backup, as 2026-11-20T02-00-00Z, got: "newest"'),
  ],
  [environment({ databases: [] }), bad('databases: Too small: expected array to have >=1 items')],
  [environment({ databases: ['--all'] }), bad('databases.0: must not start with a hyphen, got: "--all"')],
  [environment({ databases: [''] }), bad('databases.0: Too small')],
  [environment({ tables: ['a'], databases: ['b'], as: 'c' }), bad('tables: cannot be given together with databases')],
  [environment({ tables: ['a'] }), bad('as: is required with tables: they go beside the originals')],
  [environment({ as: '' }), bad('as: Too small')],
  [environment({ as: '-x' }), bad('as: must not start with a hyphen, got: "-x"')],
  [environment({ as: 'a\0' }), bad('as: must not have NUL characters')],
  [environment({ databases: ['a', 'b'], as: 'c' }), bad('as: names one database, not several')],
  [environment({ overwrite: true }), bad('overwrite: Invalid input: expected array, received boolean')],
  [environment({ overwrite: [] }), bad('overwrite: Too small: expected array to have >=1 items')],
  [environment({ safetyBackup: '/safe' }), bad('safetyBackup: is for overwrite, which is not set')],
  [
    environment({ overwrite: ['shop'], safetyBackup: 'safe' }),
    bad('safetyBackup: must be an absolute path, got: "safe"'),
  ],
  [environment({ dryRun: 1 }), bad('dryRun: Invalid input: expected boolean, received number')],
  [environment({ stream: 'no' }), bad('stream: Invalid input: expected boolean, received string')],
  [environment({ jobs: 0 }), bad('jobs: Too small: expected number to be >=1')],
  [environment({ jobs: 17 }), bad('jobs: Too big: expected number to be <=16')],
  [environment({ jobs: 1.5 }), bad('jobs: Invalid input: expected int')],
  [environment({ definers: {} }), bad('definers: must be { "create": true } or { "account": "user@host" }, got: {}')],
  [environment({ definers: { create: false } }), bad('definers: must be { "create": true }')],
])('bad input %# is named', (variables, message) => {
  expect(() => readRestore(variables)).toThrow(message);
  expect(() => readRestore(variables)).toThrow(expect.objectContaining({ exit: 'configuration' }));
});
