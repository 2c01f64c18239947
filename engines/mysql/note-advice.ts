/** The words of MySQL's and MariaDB's notes. Pure: handlers read them. */
import { objectsOf, type Note } from '../../catalog/contract/note';
import type { AdviceStep, NoteAdvice } from '../engine-advice';
import type { MysqlNote } from './facts';

const note = (
  title: string,
  happened: (objects: string, note: Note) => string,
  steps: readonly AdviceStep[] | ((note: Note) => readonly AdviceStep[]) = [],
): NoteAdvice => ({
  title,
  happened: (found) => happened(objectsOf(found), found),
  steps: typeof steps === 'function' ? steps : () => steps,
});

/** A setting of the session that loads the dump. */
const loadWith = (setting: string): AdviceStep => ({
  say: 'Give the client that loads the dump this option. If it has one --init-command already, join both settings by a comma:',
  run: `--init-command="SET SESSION ${setting}"`,
});

const quoted = (name: string): string => `\`${name.replaceAll('`', '``')}\``;
const pathOf = (name: string): string => {
  const dot = name.indexOf('.');
  return `${quoted(name.slice(0, dot))}.${quoted(name.slice(dot + 1))}`;
};

export const MYSQL_NOTE_ADVICE: Readonly<Record<MysqlNote, NoteAdvice>> = {
  'rows-elsewhere': note(
    'tables that hold no rows of their own',
    (objects) =>
      `the rows that these tables show are in other tables, files or servers; the dump has their definitions alone: ${objects}`,
    [
      {
        say: 'MERGE tables are complete again once the tables below them are restored. Back up files and other servers by themselves, also the files of CONNECT tables in the data directory.',
      },
    ],
  ),
  'no-history': note(
    'past rows that are not in the backup',
    () =>
      'the past rows of system-versioned tables are not in the dump: mariadb-dump writes them from MariaDB 10.11 on',
  ),
  'long-rows': note(
    'rows that need a larger max_allowed_packet',
    (objects) =>
      `rows of these tables are longer than 16 MiB in the dump, which servers refuse unless max_allowed_packet is larger: ${objects}`,
    [
      {
        say: 'On the server to restore to, as an administrator:',
        run: 'SET GLOBAL max_allowed_packet = 1073741824;',
      },
    ],
  ),
  'damage-unchecked': note(
    'a server that does not check its pages',
    (objects) => `the server reads damaged pages without a word, so that damage would be in the backup too: ${objects}`,
    [{ say: 'Let it check them:', run: 'SET GLOBAL innodb_checksum_algorithm = crc32;' }],
  ),
  'masked-columns': note(
    'columns with masking policies',
    (objects) => `columns have masking policies, which are said to exempt the backup's user: ${objects}`,
  ),
  'transaction-precise-history': note(
    'past rows that are not in the backup',
    (objects) =>
      `the past rows of all system-versioned tables are not in the dump, since mariadb-dump cannot write those of ${objects}, whose history is transaction-precise`,
    [
      {
        say: 'To keep the past rows of the other tables, leave these out of this backup, and back them up by another:',
        run: "extraDumpArguments: ['--ignore-table=$DATABASE.$TABLE']",
      },
    ],
  ),
  'sequences-first': note(
    'sequences that must exist before a restore',
    (objects) => `defaults of columns use sequences that the dump does not create before them: ${objects}`,
    ({ objects = [] }) => [
      {
        say: 'Create them before you load the dump, which gives those that it holds their values:',
        run: objects
          .map((name) => {
            const database = quoted(name.slice(0, name.indexOf('.')));
            return `CREATE DATABASE IF NOT EXISTS ${database}; CREATE SEQUENCE IF NOT EXISTS ${pathOf(name)};`;
          })
          .join('\n'),
      },
    ],
  ),
  'outside-views': note(
    'views of objects that are not in the backup',
    (objects) => `a restore stops at views that use objects outside of this backup: ${objects}`,
    [
      { say: 'Back up the databases of these objects as well, or leave the views out by --ignore-table.' },
      { say: 'To load this dump, create the objects first, or load with --force and look at each error.' },
    ],
  ),
  'characters-changed': note(
    'characters that a restore changes',
    (objects) => `some characters come back as others, since Unicode has no place of their own for them: ${objects}`,
    [
      {
        say: 'Convert the column to utf8mb4 and look at its values, or to a binary type. In ENUM and SET, replace characters beyond U+FFFF, which the server shows as ?:',
        run: 'ALTER TABLE $TABLE MODIFY $COLUMN VARCHAR(255) CHARACTER SET utf8mb4;',
      },
    ],
  ),
  'values-unchecked': note(
    'values that could not be looked at',
    (objects) =>
      `the look for values that a restore changes was not finished in its time, so that characters or ENUM values of these tables may come back as others: ${objects}`,
    [
      {
        say: 'Convert columns of old character sets (cp932, sjis, big5, gbk and the like) to utf8mb4: every value comes back then, and nothing need be looked at.',
      },
      { say: 'The log line rows-unchecked of each run names the tables that took too long.' },
    ],
  ),
  'floats-rounded': note(
    'FLOAT values that a restore rounds',
    (objects) => `values come back rounded to six digits, as the server shows FLOAT: ${objects}`,
    [{ say: 'If the digits matter, use DOUBLE:', run: 'ALTER TABLE $TABLE MODIFY $COLUMN DOUBLE;' }],
  ),
  'json-types': note(
    'JSON values whose type a restore changes',
    (objects) => `DECIMAL, date and binary values within JSON come back as DOUBLE or STRING: ${objects}`,
    [{ say: 'If the digits matter, keep them as JSON strings, or in a column of their own.' }],
  ),
  'empty-enums': note(
    'invalid ENUM values that a restore changes',
    (objects) => `the invalid value of number 0 comes back as the empty member: ${objects}`,
  ),
  'passing-events': note(
    'events that end',
    (objects) =>
      `events vanish, without an error, if the dump is loaded after their time (.* are the one-time events of a database): ${objects}`,
    [{ say: 'To keep an event after its time:', run: 'ALTER EVENT $EVENT ON COMPLETION PRESERVE;' }],
  ),
  'replica-events': note(
    'events that are disabled on this replica',
    (objects) => `events come back disabled, since the source is a replica: ${objects}`,
    ({ objects = [] }) => [
      {
        say: 'After a restore, enable them:',
        run: objects.map((name) => `ALTER EVENT ${pathOf(name)} ENABLE;`).join('\n'),
      },
    ],
  ),
  'event-time-zones': note(
    'named time zones',
    (objects) => `events need a server that knows these time zones: ${objects}`,
    [
      {
        say: 'Before a restore, load the names (mariadb-tzinfo-to-sql on MariaDB):',
        run: 'mysql_tzinfo_to_sql /usr/share/zoneinfo | mysql --user=root --password mysql',
      },
    ],
  ),
  'trailing-semicolons': note(
    'definitions that end in a semicolon',
    (objects) => `a restore by hand stops at definitions that end in a semicolon: ${objects}`,
    [
      { say: 'Create them again without it.' },
      {
        say: 'To load this dump, take the semicolons away as it passes:',
        run: String.raw`zstd -dc "$SOURCE.sql.zst" | sed 's#; \*/ *;;$# */ ;;#' | mysql $OPTIONS`,
      },
    ],
  ),
  'body-characters': note(
    'definitions in an old character set',
    (objects) =>
      `a restore may stop at definitions that were written in a character set whose bytes the client takes for quotes or backslashes: ${objects}`,
    [{ say: 'Create them again by a session with SET NAMES utf8mb4.' }],
  ),
  'undeclared-functions': note(
    'functions that a server with a binary log refuses',
    (objects) =>
      `functions are declared neither DETERMINISTIC, NO SQL nor READS SQL DATA: a restore stops at them if the server writes a binary log: ${objects}`,
    [
      { say: 'Before a restore, if the server has log_bin:', run: 'SET GLOBAL log_bin_trust_function_creators = ON;' },
      { say: 'Or declare them on the source:', run: 'ALTER FUNCTION $FUNCTION READS SQL DATA;' },
    ],
  ),
  'unknown-definers': note(
    'objects of accounts that do not exist',
    (objects) =>
      `triggers, routines or events run as accounts that the server does not have, and fail whenever they are used (1449), here and after a restore: ${objects}`,
    [{ say: 'Create the accounts again, with their privileges, or create the objects again as another account.' }],
  ),
  'archive-tables': note(
    'ARCHIVE tables with AUTO_INCREMENT',
    (objects) => `a restore by hand stops at the rows of ARCHIVE tables with AUTO_INCREMENT: ${objects}`,
    [
      {
        say: 'Load the dump without the counters of these tables:',
        run: String.raw`zstd -dc "$SOURCE.sql.zst" | sed '/^) ENGINE=ARCHIVE /s/ AUTO_INCREMENT=[0-9]*//' | mysql $OPTIONS`,
      },
    ],
  ),
  'memory-tables': note(
    'large MEMORY tables',
    (objects) =>
      `a restore by hand stops at MEMORY tables above the limit that servers have by themselves, 16 MiB: ${objects}`,
    [loadWith('max_heap_table_size=68719476736')],
  ),
  'non-unique-parents': note(
    'foreign keys to columns that are not unique',
    (objects) => `a restore by hand stops at foreign keys to columns that are not unique: ${objects}`,
    [loadWith('restrict_fk_on_non_standard_key=OFF')],
  ),
  tablespaces: note(
    'tables in general tablespaces',
    (objects) => `tables are in general tablespaces, which the dump does not create: ${objects}`,
    [
      {
        say: 'Before a restore, create each of them ($TABLESPACE: its name):',
        run: "CREATE TABLESPACE `$TABLESPACE` ADD DATAFILE '$TABLESPACE.ibd';",
      },
    ],
  ),
  'data-directories': note(
    'tables outside of the data directory',
    (objects) => `tables have files outside of the data directory, where a restore creates them again: ${objects}`,
    [
      {
        say: 'Make the directories on the target, writable for the server; MySQL needs them in innodb_directories. On the server of the source, drop the tables first.',
      },
    ],
  ),
  'encrypted-tables': note(
    'encrypted tables',
    (objects) => `a restore needs a server that can encrypt (keyring or key management plugin): ${objects}`,
  ),
  'engine-plugins': note(
    'storage engines that are plugins',
    (objects) =>
      `a restore needs storage engines that a server has only as plugins; without one, MariaDB makes tables of its default engine instead: ${objects}`,
    [{ say: 'Install the plugin on the target before you load the dump:', run: "INSTALL SONAME '$PLUGIN';" }],
  ),
  'no-primary-keys': note(
    'tables without a primary key',
    (objects) => `the source refuses new tables without a primary key, and so would a target like it: ${objects}`,
    [
      loadWith('sql_require_primary_key=OFF'),
      { say: 'On MariaDB, as an administrator:', run: 'SET GLOBAL innodb_force_primary_key = OFF;' },
    ],
  ),
  'spatial-systems': note(
    'a spatial reference system of your own',
    (objects) => `the server has a spatial reference system that is not in the dump: ${objects}`,
    ({ said = '' }) => [{ say: 'Create it before you load the dump:', run: said }],
  ),
  'server-settings': note(
    'settings that the target must share',
    (objects) => `a restore needs a server that was made with the same settings: ${objects}`,
  ),
  'server-objects': note(
    'objects of the server',
    (objects) => `objects belong to the server and are not in the dump: ${objects}`,
    [{ say: 'Keep the statements that create them with your infrastructure, and run them before a restore.' }],
  ),
  'read-only-databases': note(
    'read-only databases',
    (objects) => `databases are read-only on the source, and come back writable: ${objects}`,
    [{ say: 'After a restore:', run: 'ALTER DATABASE $DATABASE READ ONLY = 1;' }],
  ),
  'large-rows': note(
    'rows that need more memory',
    (objects, { memoryMiB }) =>
      `rows are so large that the dump tool needs more memory than the task has${memoryMiB === undefined ? '' : ` (about ${memoryMiB} MiB)`}: ${objects}`,
    ({ memoryMiB }) => [
      {
        say: 'Raise the memory of the backup, and deploy:',
        run: `memoryLimitMiB: ${memoryMiB ?? '$MEMORY'}`,
      },
    ],
  ),
  'half-restored': note(
    'databases that an earlier restore left half done',
    (objects) => `an earlier restore did not come to its end, and what it left is replaced: ${objects}`,
  ),
  'definers-missing': note(
    'accounts that do not exist on the target',
    (objects) =>
      `views, triggers, routines or events run as accounts that the target does not have, and fail when they are used: ${objects}`,
    [
      {
        say: 'Create the accounts with their privileges. Or restore again with --create-definers, which creates them locked, or with --definer, which puts another account in their place.',
      },
    ],
  ),
  'definers-unchecked': note(
    'accounts that could not be looked up',
    (objects) =>
      `views, triggers, routines or events run as these accounts, and the user may not see whether the target has them: ${objects}`,
    [{ say: 'As an administrator, list the accounts:', run: 'SELECT user, host FROM mysql.user;' }],
  ),
  'definers-created': note(
    'accounts that were created',
    (objects) =>
      `accounts were created without a password, locked, and without privileges, for objects to run as: ${objects}`,
    [{ say: 'Grant them what their objects need ($ACCOUNT: the account):', run: 'GRANT … TO $ACCOUNT;' }],
  ),
  'views-unusable': note(
    'views that cannot be used',
    (objects) =>
      `views cannot be used: the accounts that they run as lack rights, or the target lacks what they read: ${objects}`,
    [
      {
        say: 'Grant these accounts what the views read, restore the other databases that they read, or restore again with --definer.',
      },
    ],
  ),
  'events-over': note(
    'events whose time is over',
    (objects) => `events were not restored, since their time is over: ${objects}`,
  ),
  'events-missing': note(
    'events that are missing',
    (objects) => `events were not created, since they come after a comparison without differences: ${objects}`,
    [{ say: 'Restore again. Or create them by hand, from the dump.' }],
  ),
  'events-disabled': note(
    'events of a copy',
    (objects) => `events were restored disabled, since the original has them as well: ${objects}`,
    ({ objects = [] }) => [
      {
        say: 'To let them run:',
        run: objects.map((name) => `ALTER EVENT ${pathOf(name)} ENABLE;`).join('\n'),
      },
    ],
  ),
  orphans: note(
    'rows that refer to rows that do not exist',
    (_, { objects: [child, parent] = [], rows, said }) =>
      rows === undefined
        ? `nobody knows whether all rows of ${child} refer to rows of ${parent}: ${said}`
        : `${rows} rows of ${child} refer to rows that ${parent} does not have`,
    ({ rows, said = '' }) =>
      rows === undefined
        ? []
        : [
            {
              say: 'They are so in the backup, or one of both tables was not restored with the other. List them, then correct or delete them:',
              run: said,
            },
          ],
  ),
  'foreign-keys-left-out': note(
    'tables without foreign keys',
    (objects) => `tables were restored without foreign keys to tables that were not restored with them: ${objects}`,
  ),
  'triggers-left-out': note(
    'tables without their triggers',
    (objects) => `tables were restored without their triggers: ${objects}`,
  ),
};
