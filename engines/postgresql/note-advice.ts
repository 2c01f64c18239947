/** The words of PostgreSQL's notes. Pure: handlers read it. */
import { objectsOf, type Note } from '../../catalog/contract/note';
import type { AdviceStep, NoteAdvice } from '../engine-advice';
import type { PostgresqlNote } from './facts';
import { packagesOf } from './packages';

/** A sentence about the objects of a note, in their database, with steps of one or no form. */
function about(
  title: string,
  sentence: (objects: string, place: string) => string,
  steps: readonly AdviceStep[] = [],
): NoteAdvice {
  const place = ({ database }: Note) => (database === undefined ? 'the server' : `database ${database}`);
  return { title, happened: (note) => sentence(objectsOf(note), place(note)), steps: () => steps };
}

export const POSTGRESQL_NOTE_ADVICE: Readonly<Record<PostgresqlNote, NoteAdvice>> = {
  'server-warning': {
    title: 'a warning of the server',
    happened: ({ said }) => `the server warns: ${said ?? ''}`,
    steps: () => [],
  },
  'circular-keys': {
    title: 'tables of extensions that refer to each other',
    happened: (note) =>
      `foreign keys of tables of an extension in database ${note.database ?? ''} refer to each other (${objectsOf(note)}): the dump is complete, but its restore needs a setting`,
    steps: () => [
      {
        say: 'Restore as a superuser, without checks of foreign keys while the rows are loaded; for TimescaleDB, follow its own instructions (timescaledb_pre_restore):',
        run: "PGOPTIONS='-c session_replication_role=replica' pg_restore …",
      },
    ],
  },
  'damage-unnoticed': {
    title: 'settings by which damage goes unnoticed',
    happened: (note) =>
      `nothing is wrong now, but the server would not notice damage to its files (${objectsOf(note)}), and a dump would take damaged rows for sound ones`,
    steps: ({ objects = [] }) => {
      const reset = objects
        .filter((object) => !object.startsWith('data_checksums'))
        .map((object) => object.split(' ')[0]);
      return [
        ...(reset.length === objects.length
          ? []
          : [
              {
                say: 'Turn checksums on the next time the server is stopped (before version 18 they are off unless asked for):',
                run: 'pg_checksums --enable --pgdata $PGDATA',
              },
            ]),
        ...(reset.length === 0
          ? []
          : [
              {
                say: 'As an administrator, turn on what protects the files in a crash:',
                run: [...reset.map((name) => `ALTER SYSTEM RESET ${name};`), 'SELECT pg_reload_conf();'].join('\n'),
              },
            ]),
      ];
    },
  },
  'emptied-tables': about(
    'tables that have become empty',
    (objects, place) =>
      `tables in ${place} had rows when the server last looked at them, and their files are empty now, by a restore with statistics or by damage: ${objects}`,
    [
      { say: 'If they should have rows, bring them back from an older backup, which you lock first.' },
      { say: 'If they are empty by right, let the server look again, which ends this note:', run: 'ANALYZE $TABLE;' },
    ],
  ),
  'databases-closed': about(
    'databases that are not in the backup',
    (objects) => `databases that accept no connections are not in the backup: ${objects}`,
    [
      {
        say: 'Open a database to have it backed up, or list it in excludeDatabases to end this note:',
        run: 'ALTER DATABASE $DATABASE ALLOW_CONNECTIONS true;',
      },
    ],
  ),
  'template-databases': about(
    'template databases in the backup',
    (objects) => `no database can be created from these templates while they are dumped: ${objects}`,
    [{ say: 'If that disturbs somebody, list them in excludeDatabases, and back them up at another time.' }],
  ),
  'user-mapping-options': about(
    'options of user mappings that are not in the backup',
    (objects, place) =>
      `options of user mappings in ${place}, such as users and passwords of other servers, are not in the dump: ${objects}`,
    [
      {
        say: 'Keep the options elsewhere, and set them after a restore:',
        run: "ALTER USER MAPPING FOR $USER SERVER $SERVER OPTIONS (ADD user '…', ADD password '…');",
      },
    ],
  ),
  'foreign-rows': about(
    'rows of foreign tables that are not in the backup',
    (objects, place) =>
      `rows of foreign tables in ${place} stay on their own server, and are not in the dump: ${objects}`,
  ),
  'system-schema-objects': about(
    'objects in system schemas that are not in the backup',
    (objects, place) => `objects that were made in the system schemas of ${place} are not in the dump: ${objects}`,
    [
      {
        say: 'Move each of them to a schema of its own:',
        run: 'ALTER FUNCTION pg_catalog.$FUNCTION SET SCHEMA $SCHEMA;',
      },
    ],
  ),
  'invalid-indexes': about(
    'invalid indexes that are not in the backup',
    (objects, place) => `indexes in ${place} whose build failed are not in the dump: ${objects}`,
    [{ say: 'Build each of them again, or drop it:', run: 'REINDEX INDEX CONCURRENTLY $INDEX;' }],
  ),
  'unlogged-rows': about(
    'rows of unlogged tables that are not in the backup',
    (objects, place) =>
      `a standby has no rows of unlogged tables, so these tables of ${place} are empty in the dump: ${objects}`,
    [{ say: 'To have the rows, back up the primary server.' }],
  ),
  'empty-views': about(
    'materialised views that come back without rows',
    (objects, place) =>
      `materialised views in ${place} come back without rows, because they read one that has none: ${objects}`,
    [{ say: 'Fill the one that they read, here or after a restore:', run: 'REFRESH MATERIALIZED VIEW $VIEW;' }],
  ),
  'orphaned-grants': about(
    'memberships of roles that do not exist',
    (objects) =>
      `memberships name roles that were dropped, and are not in the backup, or without who granted them; nothing else is missing: ${objects}`,
    [
      {
        say: 'As a superuser, remove what is left of memberships in roles and of members that do not exist, and let the first superuser have granted the others:',
        run: 'DELETE FROM pg_auth_members WHERE roleid NOT IN (SELECT oid FROM pg_roles) OR member NOT IN (SELECT oid FROM pg_roles);\nUPDATE pg_auth_members SET grantor = 10 WHERE grantor NOT IN (SELECT oid FROM pg_roles);',
      },
    ],
  ),
  'missing-objects': about(
    'objects that are not in the backup',
    (objects, place) => `pg_dump left out objects of ${place}; rows and code are complete: ${objects}`,
    [{ say: 'Keep the statements that created them, and compare after a restore.' }],
  ),
  'extension-changes': about(
    'changes to tables of extensions that are not in the backup',
    (objects, place) => `what was added to tables of extensions in ${place} is not in the dump: ${objects}`,
    [{ say: 'Keep the statements that added it, and run them again after a restore.' }],
  ),
  tablespaces: about(
    'tablespaces that a restore needs',
    (objects, place) => `a restore of ${place} needs the tablespaces ${objects}`,
    [
      {
        say: 'Create them before a restore, or restore all into the default one (if the database itself is in a tablespace, create it first and leave out --create):',
        run: 'pg_restore --no-tablespaces …',
      },
    ],
  ),
  'extension-version': about(
    'versions of extensions',
    (objects, place) =>
      `a restore of ${place} installs the default version of extensions, which is another: ${objects}`,
    [
      { say: 'Update the extension:', run: 'ALTER EXTENSION $EXTENSION UPDATE;' },
      { say: 'If you need the old version, create the extension in it before pg_restore, without --create.' },
    ],
  ),
  'extension-not-in-image': {
    title: 'extensions that the image lacks',
    happened: (note) =>
      `the image of this backup lacks extensions of database ${note.database ?? ''} (${objectsOf(note)}): the backup is complete, but no restore test of it can run`,
    steps: ({ objects = [] }) => [
      {
        say: 'Build the image from a Dockerfile that installs their packages, and give it to the backup as image: BackupImage.fromDockerfile(…):',
        run: [
          'FROM postgres:$VERSION-bookworm',
          // The official image sets PG_MAJOR.
          `RUN apt-get update && apt-get install -y --no-install-recommends ${packagesOf(objects, '$PG_MAJOR')}`,
        ].join('\n'),
      },
      {
        say: 'Extensions that only a cloud provider has, such as aws_s3 of RDS, are in no package: drop them if nothing uses them, or switch the restore tests of this source off.',
      },
    ],
  },
  'extension-rows': about(
    'rows of extensions that could come back twice',
    (objects, place) =>
      `the dump of ${place} has rows that another extension may insert as well when a restore creates it: ${objects}`,
    [
      {
        say: 'If a restore stops at them, restore without them, and compare:',
        run: "pg_restore --list $FILE | grep -v 'TABLE DATA $SCHEMA $TABLE' > list && pg_restore --use-list=list …",
      },
    ],
  ),
  'server-files': about(
    'files that a restore needs on the server',
    (objects, place) => `a restore of ${place} needs files on the server that are in no dump: ${objects}`,
    [{ say: 'Keep the files, and install them on the server before a restore.' }],
  ),
  'security-labels': about(
    'security labels that need their provider',
    (objects, place) => `a restore of ${place} needs the providers of its security labels: ${objects}`,
    [{ say: 'Load the provider on the server, or restore without labels:', run: 'pg_restore --no-security-labels …' }],
  ),
  'unknown-grantees': about(
    'privileges of roles that do not exist',
    (objects, place) => `a restore of ${place} stops at privileges of roles that do not exist: ${objects}`,
    [
      {
        say: 'Create a role of that number as its name and revoke its privileges after a restore, or restore without privileges:',
        run: 'pg_restore --no-privileges …',
      },
    ],
  ),
  'database-settings': about(
    'settings of the database that disturb its restore',
    (objects, place) => `settings of ${place} disturb its restore: ${objects}`,
    [
      {
        say: 'Overrule them when you restore:',
        run: "PGOPTIONS='-c default_transaction_read_only=off -c array_nulls=on -c role=none -c session_preload_libraries= -c local_preload_libraries=' pg_restore …",
      },
    ],
  ),
  'no-public-schema': about(
    'a schema public that the restore adds',
    (_, place) => `${place} has no schema public, but a restore adds one`,
    [{ say: 'After a restore, drop it:', run: 'DROP SCHEMA public;' }],
  ),
  'search-path-functions': about(
    'functions that stop a restore',
    (objects, place) =>
      `a restore of ${place} stops at functions that use names without their schema, because search_path is empty then: ${objects}`,
    [
      {
        say: 'Give each function its search_path; then it comes back:',
        run: 'ALTER FUNCTION $FUNCTION SET search_path = $SCHEMA;',
      },
      {
        say: 'To restore a dump that was made before, restore the section pre-data, alter the functions, and restore the other sections:',
        run: 'pg_restore --section=pre-data …',
      },
    ],
  ),
  'table-reading-functions': about(
    'functions that read tables while these are restored',
    (objects, place) =>
      `a restore of ${place} may stop at functions that read tables, because their rows may be loaded later: ${objects}`,
    [
      {
        say: 'Use a trigger instead of the constraint, or add the constraint as NOT VALID: then it is restored after all rows.',
      },
      {
        say: 'To restore a dump that was made before, restore the section pre-data, drop the constraint, restore the other sections, and add it again:',
        run: 'pg_restore --section=pre-data …',
      },
    ],
  ),
  'roles-created': about(
    'roles that the restore creates',
    (objects) => `the target lacked roles, which the restore creates: ${objects}`,
  ),
  'roles-without-password': about(
    'roles without a password',
    (objects) =>
      `roles cannot log in before their passwords are set anew, because the backup does not have these: ${objects}`,
    [{ say: 'Set the passwords that the applications use:', run: '\\password $ROLE' }],
  ),
  'roles-incomplete': about(
    'attributes of roles that the target refused',
    (objects) => `the administrator of the target may not give roles all that they had: ${objects}`,
    [{ say: 'Grant as a superuser what the applications need; the globals of the backup have the statements.' }],
  ),
  'tablespaces-absent': about(
    'tablespaces that the target lacks',
    (objects) => `the target lacks tablespaces, so that everything goes into the default one: ${objects}`,
  ),
  'checks-not-valid': about(
    'checks that rows violate',
    (objects, place) =>
      `rows of ${place} violate checks, as they did when they were dumped; these are NOT VALID now: ${objects}`,
    [{ say: 'Correct the rows, then validate:', run: 'ALTER TABLE $TABLE VALIDATE CONSTRAINT $CHECK;' }],
  ),
  'database-incomplete': about(
    'settings of the database that the target refused',
    (objects, place) => `the target refused statements about ${place} itself: ${objects}`,
    [{ say: 'Run them as a superuser if they are still wanted.' }],
  ),
  'foreign-rows-left': about(
    'rows of foreign tables that are not loaded',
    (objects, place) =>
      `the backup has rows of foreign tables of ${place}, which were not loaded, because that would insert them on their own server: ${objects}`,
    [{ say: 'If that server has lost them, load them there:', run: 'pg_restore --data-only --table=$TABLE …' }],
  ),
  'old-database-kept': about(
    'the replaced database is still there',
    (objects) => `the database that was replaced could not be dropped, or was filled in the last moment: ${objects}`,
    [{ say: 'Copy what you need from it, then drop it as its owner:', run: 'DROP DATABASE $DATABASE WITH (FORCE);' }],
  ),
};
