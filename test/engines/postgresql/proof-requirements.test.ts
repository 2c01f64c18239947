import * as fs from 'node:fs';
import * as path from 'node:path';
import { findServer } from '../../../engines/postgresql/image';
import { packageOf, packagesOf } from '../../../engines/postgresql/packages';
import { bootstrapRole } from '../../../engines/postgresql/proof/globals';
import { requireServer } from '../../../engines/postgresql/proof/requirements';
import { scratchSettings } from '../../../engines/postgresql/proof/scratch-settings';
import { ownName } from '../../../engines/postgresql/restore/databases';
import { postgresqlBinaries } from '../../servers/postgresql';
import { temporaryDirectory } from '../../support/processes';

test('the server of the image, and what it can create, are found', () => {
  const server = findServer('15');
  expect(server?.bin).toBe(postgresqlBinaries('postgresql-15'));
  expect([...server!.extensions!]).toEqual(expect.arrayContaining(['plpgsql', 'amcheck', 'postgres_fdw']));
});

test.each([
  [['plpgsql', 'no_such_one'], 'extension no_such_one', 'extension no_such_one is not in the image'],
  [
    ['b_missing', 'a_missing'],
    'extensions a_missing, b_missing',
    'extensions a_missing, b_missing are not in the image',
  ],
])('extensions %j', async (extensions, object, sentence) => {
  await expect(requireServer('15', new Map([['shop', extensions]]))).rejects.toMatchObject({
    ...{ exit: 'notTested', reason: { kind: 'image-lacks', object } },
    message: expect.stringContaining(sentence) as string,
  });
});

test('a server of another version says so', async () => {
  const before = process.env.PATH;
  process.env.PATH = `${postgresqlBinaries('postgresql-15')}:${before}`;
  try {
    const reason = { kind: 'image-lacks', object: 'postgres 99' };
    await expect(requireServer('99', new Map())).rejects.toMatchObject({ exit: 'notTested', reason });
  } finally {
    process.env.PATH = before;
  }
});

test('a server that does not run is one that the image lacks', async () => {
  const directory = temporaryDirectory('lacks');
  for (const name of ['postgres', 'initdb'])
    fs.writeFileSync(path.join(directory, name), '#!/bin/sh\necho broken >&2; exit 127', { mode: 0o755 });
  const before = process.env.PATH;
  process.env.PATH = `${directory}:${before}`;
  try {
    const reason = { kind: 'image-lacks', object: 'postgres' };
    await expect(requireServer('99', new Map())).rejects.toMatchObject({ exit: 'notTested', reason });
  } finally {
    process.env.PATH = before;
    fs.rmSync(directory, { recursive: true });
  }
});

test('the packages of extensions are those that a test says, and those of a note', () => {
  expect(packageOf('extension postgis', '18')).toBe('postgresql-18-postgis-3');
  expect(packageOf('extensions pg_cron, plpython3u, postgis, postgis_raster', '16')).toBe(
    'postgresql-16-cron postgresql-plpython3-16 postgresql-16-postgis-3',
  );
  expect(packageOf('postgres 16', '16')).toBeUndefined();
  expect(packagesOf(['vector', 'x; rm'], '$PG_MAJOR')).toBe('postgresql-$PG_MAJOR-pgvector postgresql-$PG_MAJOR-xrm');
});

const role = (name: string, attributes: string) => `CREATE ROLE ${name};\nALTER ROLE ${name} WITH ${attributes};\n`;
const BOOTSTRAP = 'SUPERUSER INHERIT CREATEROLE CREATEDB LOGIN REPLICATION BYPASSRLS';
test.each([
  ['postgres', role('admin', BOOTSTRAP) + role('postgres', BOOTSTRAP)],
  ['rdsadmin', role('boss', 'SUPERUSER LOGIN') + role('postgres', 'NOSUPERUSER LOGIN') + role('rdsadmin', BOOTSTRAP)],
  ['boss', role('boss', 'SUPERUSER LOGIN')],
  ['postgres', role('nobody', 'NOSUPERUSER')],
])('the server is made with the role %s', (name, globals) => expect(bootstrapRole(globals)).toBe(name));

test('libraries are loaded for what the backup needs, and their processes are not started', () => {
  const place = { memoryBytes: 2 ** 30, cpus: 2 };
  const needs = { version: 16, extensions: new Map([['shop', ['plpgsql']]]), locks: 0 };
  const usual = scratchSettings('/scratch/s', place, needs);
  expect(usual).toEqual(expect.arrayContaining(['listen_addresses=', 'fsync=off', 'shared_preload_libraries=']));
  expect(usual).toContain('max_worker_processes=2');
  const scheduled = scratchSettings('/scratch/s', place, {
    ...needs,
    extensions: new Map([['shop', ['pg_cron', 'timescaledb']]]),
  });
  expect(scheduled).toEqual(
    expect.arrayContaining(['shared_preload_libraries=timescaledb,pg_cron', 'max_worker_processes=0']),
  );
  expect(scheduled).toContain(`cron.database_name=${ownName('restoring', 'shop')}`);
});

test('a server has locks for thousands of tables, and lets no trigger run when somebody logs in', () => {
  const settings = (version: number, locks: number) =>
    scratchSettings('/scratch/s', { memoryBytes: 2 ** 30, cpus: 2 }, { version, extensions: new Map(), locks });
  expect(settings(16, 30_000)).toContain('max_locks_per_transaction=364');
  expect(settings(16, 0).join(' ')).not.toContain('event_triggers');
  expect(settings(17, 0)).toContain('event_triggers=off');
});
