import * as fs from 'node:fs';
import * as path from 'node:path';
import { casesOn, describeOn, numberOf, rootOf } from '../servers/versions';
import { PostgresqlRestore } from './postgresql-restore';

jest.setTimeout(240_000);

const policy = (table: string, by: string) =>
  `ALTER TABLE ${table} ENABLE ROW LEVEL SECURITY; CREATE POLICY own ON ${table} USING (${by} = current_user);`;

/** Small extensions: one as pg_cron is, with a schema of its own, and one that goes into a schema of the user. */
const EXTENSIONS = {
  'proven_cron.control': "default_version = '1.0'\nrelocatable = false\nschema = pg_catalog\n",
  'proven_cron--1.0.sql': `CREATE SCHEMA cron; CREATE SEQUENCE cron.jobid_seq;
    CREATE TABLE cron.job (jobid bigint PRIMARY KEY DEFAULT nextval('cron.jobid_seq'), command text, username text DEFAULT current_user);
    GRANT USAGE ON SCHEMA cron TO public; GRANT SELECT ON cron.job TO public; ${policy('cron.job', 'username')}
    SELECT pg_catalog.pg_extension_config_dump('cron.job', ''); SELECT pg_catalog.pg_extension_config_dump('cron.jobid_seq', '');`,
  'proven_memo.control': "default_version = '1.0'\nrelocatable = true\n",
  'proven_memo--1.0.sql': `CREATE TABLE "Memo" (id int PRIMARY KEY, who text); ${policy('"Memo"', 'who')}
    SELECT pg_catalog.pg_extension_config_dump('"Memo"', 'WHERE id > 0');`,
};

describeOn(casesOn('postgresql'), 'rows of extensions in %s, behind row-level security', (version) => {
  const folder = path.join(rootOf(version), 'usr/share/postgresql', numberOf(version), 'extension');
  let cases: PostgresqlRestore;

  beforeAll(async () => {
    for (const [name, content] of Object.entries(EXTENSIONS)) fs.writeFileSync(path.join(folder, name), content);
    cases = await PostgresqlRestore.start(version);
    await cases.database(
      'crons',
      `CREATE EXTENSION proven_cron; CREATE TABLE t AS SELECT 1 AS a; INSERT INTO cron.job (command, username) VALUES ('VACUUM', 'app'), ('CALL p()', 'app')`,
    );
    await cases.database(
      'memos',
      `CREATE EXTENSION proven_memo; CREATE TABLE t AS SELECT 1 AS a; INSERT INTO "Memo" VALUES (0, 'app'), (1, 'app')`,
    );
  });
  afterAll(async () => {
    await cases?.stop();
    for (const name of Object.keys(EXTENSIONS)) fs.rmSync(path.join(folder, name), { force: true });
  });

  /** Lets the backup's role see what the policies let it see. */
  describe('that hides them', () => {
    beforeAll(() => cases.source.exec('ALTER ROLE backup NOBYPASSRLS'));
    afterAll(() => cases.source.exec('ALTER ROLE backup BYPASSRLS'));

    test.each([
      ['Px47 in a schema of the extension', 'crons', 'cron.job', 'proven_cron', undefined],
      ['Px70 in a schema of the user', 'memos', 'public."Memo"', 'proven_memo', undefined],
      ['Px71 in a schema that is named', 'memos', 'public."Memo"', 'proven_memo', ['public']],
    ])('%s: the run says what to grant and what to leave out', async (_, database, table, extension, schemas) => {
      const named = (schemas ?? []).map((schema) => `--schema=${schema}`);
      const asBackup = { PGUSER: 'backup', PGOPTIONS: '-c row_security=off' };
      await expect(cases.source.tool('pg_dump', [...named, database], undefined, asBackup)).rejects.toThrow(
        'row-level security policy',
      );
      const argument = `--exclude-table=${table}`;
      const { exit, failure, reason } = await cases.backup({ databases: [database], schemas });
      expect({ exit, failure }).toEqual({
        exit: 'privileges',
        failure: `row-level security hides rows of an extension in database ${database} from role backup, and pg_dump stops there: ${table} of ${extension}. Run as an administrator: ALTER ROLE backup BYPASSRLS; or leave the rows out, and keep them elsewhere: extraDumpArguments: ['${argument}']`,
      });
      expect(reason).toEqual({
        ...{ kind: 'extension-rows-hidden', database, account: 'backup', object: table },
        statements: ['ALTER ROLE backup BYPASSRLS;'],
      });
      expect(await cases.backup({ databases: [database], schemas, extraDumpArguments: [argument] })).toMatchObject({
        ...{ exit: 'success', failure: '' },
        manifest: { tables: [{ name: 't', rows: 1 }] },
      });
    });

    test('Px72 in schemas that are not dumped: they are in nobody’s way', async () => {
      for (const filter of [{ schemas: ['public'] }, { excludeSchemas: ['cron'] }, { schemas: ['cron'] }]) {
        expect(await cases.backup({ databases: ['crons'], ...filter })).toMatchObject({ exit: 'success', failure: '' });
      }
    });

    test('Px73 a table of the user that an argument leaves out needs no grant', async () => {
      await cases.database(
        'own',
        `CREATE TABLE t AS SELECT 1 AS a; CREATE TABLE hidden (who text); ${policy('hidden', 'who')}`,
      );
      expect(await cases.backup({ databases: ['own'] })).toMatchObject({ exit: 'privileges' });
      const left = { databases: ['own'], extraDumpArguments: ['--exclude-table=public.hidden'] };
      expect(await cases.backup(left)).toMatchObject({ exit: 'success', manifest: { tables: [{ name: 't' }] } });
    });
  });

  test('Px74 come back where the role sees them', async () => {
    const rows = { crons: 'TABLE cron.job ORDER BY 1', memos: 'SELECT * FROM "Memo" WHERE id > 0' };
    for (const [database, sql] of Object.entries(rows)) {
      await cases.restore(await cases.backupOf(database));
      const expected = await cases.source.exec(sql, database);
      expect(expected).toContain('app');
      expect(await cases.target.exec(sql, database)).toBe(expected);
    }
  });
});
