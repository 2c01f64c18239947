import type { Client } from 'pg';
import type { ServerJob } from '../../catalog/contract/task';
import { BackupError } from '../../task/run/errors';
import { utf8Of } from './names';

const NO_MEMBER = `NOT EXISTS (SELECT FROM pg_catalog.pg_depend d
    WHERE d.classid = 'pg_catalog.pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')`;
const relations = (condition: string) => `
  pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  WHERE n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema' AND c.relpersistence <> 't' AND ${condition}
    AND ($1::text[] IS NULL OR n.nspname = ANY ($1)) AND NOT n.nspname = ANY ($2)
    AND NOT format('%I.%I', n.nspname, c.relname) = ANY ($3)`;

/** Relations of the user: none of PostgreSQL's own, none that is temporary, and none that an extension creates. */
export const USER_RELATIONS = relations(NO_MEMBER);
/**
 * Whether the rows of a table that an extension marks as the user's are in the dump: of chosen schemas, extensions are left out
 * with the schemas that they made, but not with their tables in others.
 */
export const DUMPED_MEMBER = `($1::text[] IS NULL OR NOT EXISTS (SELECT FROM pg_catalog.pg_depend m
    WHERE m.classid = 'pg_catalog.pg_namespace'::regclass AND m.objid = n.oid AND m.deptype = 'e'))`;
/** With the tables of extensions whose rows are in the dump. */
const DUMPED_RELATIONS = relations(
  `(${NO_MEMBER} OR (c.oid IN (SELECT unnest(extconfig) FROM pg_catalog.pg_extension) AND ${DUMPED_MEMBER}))`,
);

/** The filter of schemas, as values of a query. */
export const filterValues = ({ schemas, excludeSchemas }: ServerJob): unknown[] => [
  schemas ?? null,
  excludeSchemas ?? [],
];

const EXCLUDE = '--exclude-table=';

/** The same with the tables that arguments leave out by their whole names: what a pattern leaves out, pg_dump alone knows. */
export const relationValues = (server: ServerJob): unknown[] => [
  ...filterValues(server),
  (server.extraDumpArguments ?? [])
    .filter((argument) => argument.startsWith(EXCLUDE))
    .map((argument) => argument.slice(EXCLUDE.length)),
];

const SHOWN = 5;

/**
 * Refuses a dump that could not be complete, before its first byte. pg_dump would fail as well, but with the first object
 * only, and after having begun.
 *
 * @throws BackupError `privileges`, with the statements to run
 */
export async function checkPostgresqlGrants(client: Client, database: string, server: ServerJob): Promise<void> {
  const { rows: roles } = await client.query<{ name: string; quoted: string }>(
    'SELECT current_user AS name, quote_ident(current_user) AS quoted',
  );
  const role = roles[0]?.quoted ?? '';
  const faults: string[] = [];
  const statements: string[] = [];
  const demand = (objects: readonly string[], privilege: string, statement: string) => {
    if (objects.length === 0) return;
    const more = objects.length > SHOWN ? ` and ${objects.length - SHOWN} more` : '';
    faults.push(`${privilege} ${objects.slice(0, SHOWN).join(', ')}${more}`);
    statements.push(statement);
  };
  demand(await unreadable(client, server), 'SELECT on', `GRANT pg_read_all_data TO ${role};`);
  demand(await rowSecured(client, server), 'BYPASSRLS for', `ALTER ROLE ${role} BYPASSRLS;`);
  const largeObjects = server.schemas ? [] : await unreadableLargeObjects(client);
  demand(largeObjects, 'SELECT on large objects', grantLargeObjects(largeObjects, role));
  if (faults.length === 0) return;
  const account = roles[0]?.name ?? '';
  throw new BackupError(
    'privileges',
    `role ${account} lacks privileges that a complete dump of database ${database} needs (${faults.join('; ')}). Run in it as an administrator: ${statements.join(' ')}`,
    { kind: 'privileges-missing', account, database, privileges: faults, statements },
  );
}

/** Tables, partitioned tables, materialised views and sequences that the role may not read, or whose schema it may not use. */
async function unreadable(client: Client, server: ServerJob): Promise<string[]> {
  const { rows } = await client.query<{ name: Buffer }>(
    `SELECT ${utf8Of("format('%I.%I', n.nspname, c.relname)")} AS name FROM ${DUMPED_RELATIONS}
       AND c.relkind IN ('r', 'p', 'm', 'S')
       AND NOT (has_schema_privilege(n.oid, 'USAGE')
         AND CASE c.relkind WHEN 'S' THEN has_sequence_privilege(c.oid, 'SELECT') ELSE has_table_privilege(c.oid, 'SELECT') END)
     ORDER BY 1`,
    relationValues(server),
  );
  return rows.map(({ name }) => name.toString());
}

/** Tables whose row-level security applies to the role: pg_dump refuses them, as it would see only some of the rows. */
async function rowSecured(client: Client, server: ServerJob): Promise<string[]> {
  const { rows } = await client.query<{ name: Buffer }>(
    `SELECT ${utf8Of("format('%I.%I', n.nspname, c.relname)")} AS name FROM ${USER_RELATIONS}
       AND c.relkind IN ('r', 'p') AND row_security_active(c.oid) ORDER BY 1`,
    relationValues(server),
  );
  return rows.map(({ name }) => name.toString());
}

/** One statement for a few; a loop where the list could exceed a line of the log. */
const grantLargeObjects = (oids: readonly string[], role: string): string =>
  oids.length <= SHOWN
    ? `GRANT SELECT ON LARGE OBJECT ${oids.join(', ')} TO ${role};`
    : `DO $$ DECLARE o oid; BEGIN FOR o IN SELECT oid FROM pg_largeobject_metadata LOOP EXECUTE format('GRANT SELECT ON LARGE OBJECT %s TO ${role.replaceAll("'", "''").replaceAll('%', '%%')}', o); END LOOP; END $$;`;

/** `pg_read_all_data` does not cover large objects. */
async function unreadableLargeObjects(client: Client): Promise<string[]> {
  const { rows } = await client.query<{ oid: string }>(
    `SELECT oid::text FROM pg_largeobject_metadata
     WHERE NOT (SELECT rolsuper FROM pg_roles WHERE rolname = current_user)
       AND current_setting('lo_compat_privileges') = 'off'
       AND NOT pg_has_role(lomowner, 'USAGE')
       AND NOT EXISTS (SELECT FROM aclexplode(lomacl) a
         WHERE a.privilege_type = 'SELECT' AND (a.grantee = 0 OR pg_has_role(a.grantee, 'USAGE')))
     ORDER BY oid`,
  );
  return rows.map(({ oid }) => oid);
}
