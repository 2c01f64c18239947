import type { Client } from 'pg';
import { noteOf, type Note } from '../../../catalog/contract/note';
import { errorCode } from '../../../task/run/errors';

/** What an application finds by default. */
const USUAL_PATH = '"$user", public';
const CHECK_VIOLATED = '23514';

interface Check {
  readonly oid: string;
  readonly table: string;
  readonly name: string;
  readonly definition: string;
  /** As a literal. */
  readonly comment: string | null;
}

/** Checks that call functions in a language whose text is read when they run: such a function may read other tables. */
const CHECKS = `
  SELECT DISTINCT k.oid, conrelid::regclass::text AS table, quote_ident(conname) AS name, pg_get_constraintdef(k.oid) AS definition,
    quote_literal(obj_description(k.oid, 'pg_constraint')) AS comment
  FROM pg_constraint k JOIN pg_depend d ON d.classid = 'pg_constraint'::regclass AND d.objid = k.oid AND d.refclassid = 'pg_proc'::regclass
  JOIN pg_proc p ON p.oid = d.refobjid JOIN pg_language l ON l.oid = prolang
  WHERE contype = 'c' AND conrelid <> 0 AND convalidated AND coninhcount = 0 AND p.oid >= 16384 AND lanname NOT IN ('internal', 'c')
    AND NOT EXISTS (SELECT FROM pg_depend m WHERE m.classid = 'pg_class'::regclass AND m.objid = conrelid AND m.deptype = 'e')
  ORDER BY k.oid`;

/** Functions that find other objects by the `search_path` of their sessions, and that may run while rows and indexes are loaded. */
const FUNCTIONS = `
  SELECT p.oid::regprocedure::text AS function FROM pg_proc p JOIN pg_language l ON l.oid = prolang
  WHERE p.oid >= 16384 AND lanname NOT IN ('internal', 'c') AND prokind IN ('f', 'w')
    AND prorettype NOT IN ('trigger'::regtype, 'event_trigger'::regtype) AND pg_has_role(proowner, 'USAGE')
    AND NOT EXISTS (SELECT FROM unnest(proconfig) s WHERE s LIKE 'search\\_path=%')`;

/**
 * On the server, because names may be bytes that are no text anywhere else. Some tables at a time; one that cannot be is a warning. A
 * session takes every second table, with all its partitions: their locks stay until the end.
 */
const analyzeHalf = (half: 0 | 1): string => `DO $do$ DECLARE names text; BEGIN
  FOR names IN SELECT string_agg(name, ', ') FROM (
    SELECT c.oid::regclass::text AS name, dense_rank() OVER (ORDER BY coalesce(pg_partition_root(c.oid)::oid, c.oid)) AS number
    FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
    WHERE relkind IN ('r', 'p', 'm') AND c.oid >= 16384 AND nspname NOT LIKE 'pg\\_%' AND pg_has_role(relowner, 'USAGE')
  ) t WHERE number % 2 = ${half} GROUP BY number / 200 LOOP
    BEGIN EXECUTE 'ANALYZE ' || names; EXCEPTION WHEN OTHERS THEN RAISE WARNING '%', SQLERRM; END;
  END LOOP;
END $do$`;

/**
 * Changes a database between the sections of its restore so that what it has loads, and undoes that afterwards. Functions get the
 * `search_path` that sessions have by default: pg_restore, and from version 17 on the build of an index, run without one. Checks that
 * call functions are added again when all rows are there.
 */
export class Repairs {
  private readonly functions: string[] = [];
  private readonly checks: Check[] = [];

  /** @param client a session in the database that is being loaded */
  constructor(
    private readonly client: Client,
    private readonly database: string,
  ) {}

  /** After the definitions, before the rows. */
  async beforeData(): Promise<void> {
    await this.tellTimescale('timescaledb_pre_restore');
    const { rows } = await this.client.query<{ function: string }>(FUNCTIONS);
    for (const row of rows) this.functions.push(row.function);
    await this.client.query('BEGIN');
    await this.client.query(
      `SELECT set_config('search_path', coalesce((SELECT substr(c, 13) FROM pg_catalog.pg_db_role_setting, unnest(setconfig) c
         WHERE setrole = 0 AND setdatabase = (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database())
           AND c LIKE 'search\\_path=%'), $1), true)`,
      [USUAL_PATH],
    );
    for (const name of this.functions) await this.client.query(`ALTER FUNCTION ${name} SET search_path FROM CURRENT`);
    await this.client.query('COMMIT');
    // One of a parent goes with those that its children inherited; those that they also have by themselves come next.
    for (;;) {
      const { rows: checks } = await this.client.query<Check>(CHECKS);
      if (checks.length === 0) break;
      for (const check of checks) {
        await this.client.query(`ALTER TABLE ${check.table} DROP CONSTRAINT ${check.name}`);
        this.checks.push(check);
      }
    }
  }

  /** Whether foreign keys exist before the rows: only extensions have made any by then, and theirs may go in circles. */
  async hasKeys(): Promise<boolean> {
    const { rows } = await this.client.query<{ found: boolean }>(
      `SELECT EXISTS (SELECT FROM pg_constraint WHERE contype = 'f') AS found`,
    );
    return rows[0]?.found ?? false;
  }

  /**
   * After the rows, indexes and keys; refreshes the statistics of the planner as well, if there is a session for it. A check that the rows
   * violate, as they did when they were dumped, is added without a look at them.
   *
   * @param second a second session in the database; without one, there are no statistics
   */
  async afterAll(second: Client | undefined, note: (note: Note) => void): Promise<void> {
    // Event triggers are there by now, and must not see what is none of their users' doing.
    await this.client.query('SET session_replication_role = replica').catch(() => undefined);
    const violated: string[] = [];
    for (const { table, name, definition, comment } of this.checks.toReversed()) {
      const add = `ALTER TABLE ${table} ADD CONSTRAINT ${name} ${definition}`;
      await this.client.query(add).catch(async (error: unknown) => {
        if (errorCode(error) !== CHECK_VIOLATED) throw error;
        violated.push(`${name} on ${table}`);
        await this.client.query(`${add} NOT VALID`);
      });
      if (comment !== null) await this.client.query(`COMMENT ON CONSTRAINT ${name} ON ${table} IS ${comment}`);
    }
    // While the functions of indexes have their search_path. Statistics are no part of a backup: without them it is complete all the same.
    if (second) await Promise.all([this.client.query(analyzeHalf(0)), second.query(analyzeHalf(1))]);
    for (const name of this.functions) await this.client.query(`ALTER FUNCTION ${name} RESET search_path`);
    await this.tellTimescale('timescaledb_post_restore');
    if (violated.length > 0) note(noteOf('checks-not-valid', violated, this.database));
  }

  /** TimescaleDB wants to know: https://docs.timescale.com/self-hosted/latest/backup-and-restore/logical-backup/ */
  private async tellTimescale(name: string): Promise<void> {
    const { rows } = await this.client.query<{ call: string }>(
      `SELECT format('SELECT %I.%I()', nspname, proname) AS call FROM pg_proc p JOIN pg_namespace n ON n.oid = pronamespace
       JOIN pg_depend d ON d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e'
       JOIN pg_extension x ON x.oid = d.refobjid WHERE extname = 'timescaledb' AND proname = $1`,
      [name],
    );
    for (const { call } of rows) await this.client.query(call);
  }
}
