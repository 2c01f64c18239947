import type { MysqlLook } from '../../../engines/mysql/look';
import type { MysqlPlan } from '../../../engines/mysql/plan';
import { checkTables } from '../../../engines/mysql/checks/tables';

/** A server that has nothing else to tell. Its plugin is in no package of the test servers. */
const check = (extraDumpArguments: readonly string[]) =>
  checkTables(
    { server: { extraDumpArguments }, query: () => Promise.resolve([]) } as unknown as MysqlLook,
    { databases: ['d'], tables: [{ database: 'd', name: 't', engine: 'S3', options: '' }] } as unknown as MysqlPlan,
  );

test('tables of the engine S3, which mariadb-dump leaves out by itself, are refused with the way out', async () => {
  await expect(check([])).rejects.toMatchObject({
    message:
      'mariadb-dump leaves out tables of the engine S3 (d.t): add --copy-s3-tables to extraDumpArguments, with which a restore writes their rows to the bucket of its own server, or leave them out by --ignore-table=database.table',
    reason: { kind: 'dump-incomplete', object: 'd.t' },
  });
  await check(['--copy-s3-tables']);
});
