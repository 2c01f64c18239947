/** How to repair failures of SQLite. Pure: handlers read it. */
import type { ReasonValues } from '../../catalog/contract/failure';
import { objectsOf, type Note } from '../../catalog/contract/note';
import { fileName, plainName } from '../../catalog/bucket/names';
import { shellWord } from '../../catalog/shell';
import type { EngineAdvice } from '../engine-advice';
import type { SqliteNote, SqliteReason } from './facts';

const fileOf = ({ object }: ReasonValues): string =>
  object === undefined ? 'the database file' : `the file ${object}`;

const tablesOf = (note: Note): string => `the tables ${objectsOf(note)}`;

export const SQLITE_ADVICE: EngineAdvice<SqliteReason, SqliteNote> = {
  common: {},
  restore: ({ objects }, read) =>
    objects.flatMap((object) => {
      const file = shellWord(decodeURIComponent(plainName(fileName(object.key))));
      return [
        { say: 'Write the database, and check it:', run: `${read(object)} > restored.db` },
        {
          say: 'Its structure and its references must be whole:',
          run: "sqlite3 restored.db 'PRAGMA integrity_check; PRAGMA foreign_key_check;'",
        },
        {
          say: 'Stop the application. Put the database in its place; the files beside the old one would be replayed into it:',
          run: `rm -f "$DATA"/${file}-wal "$DATA"/${file}-shm "$DATA"/${file}-journal\ncp restored.db "$DATA"/${file}`,
        },
      ];
    }),
  own: {
    'file-unreadable': {
      title: 'the database file cannot be read',
      happened: (values) => `${fileOf(values)} does not exist, or cannot be read`,
      likelyCause:
        'The file was moved or deleted, or the user of the backup may not read it, on EFS that of the access point.',
      action: 'Correct the path of the file, or its permissions.',
      steps: () => [
        {
          say: 'See whether the file exists, and who may read it, from a machine that mounts the file system, or on the instance:',
          run: 'ls -ln "$FILE"',
        },
        { say: 'If it has another path now, correct the path of the database, and deploy.' },
      ],
      lost: () => ({}),
    },
    'not-a-database': {
      title: 'the file is no SQLite database',
      happened: (values) => `${fileOf(values)} is empty, or no SQLite database`,
      likelyCause: 'The path names another file, or the database was overwritten or truncated.',
      action: 'Look at the file now: the data may be lost.',
      steps: () => [
        {
          say: 'From a machine that mounts the file system, or on the instance, look at the beginning of the file. A database begins with "SQLite format 3":',
          run: 'head -c 16 "$FILE"',
        },
        { say: 'If the path is wrong, correct it, and deploy.' },
      ],
      lost: () => ({}),
    },
    encrypted: {
      title: 'the database is encrypted',
      happened: (values) => `${fileOf(values)} is encrypted or compressed, and only the application can read it`,
      likelyCause: 'The application encrypts the database, as SQLCipher does, or the path names another file.',
      action: 'Let the application write a plain copy and back that up, or copy the file by AWS Backup.',
      steps: () => [
        {
          say: 'From a machine that mounts the file system, or on the instance, look at the beginning of the file. A plain database begins with "SQLite format 3":',
          run: 'head -c 64 "$FILE" | od -c',
        },
        { say: 'Back up a plain copy that the application writes, or copy the file as it is by AWS Backup.' },
      ],
    },
    'wal-on-network': {
      title: 'the database uses WAL on a network file system',
      happened: (values) => `${fileOf(values)} uses WAL mode, which does not work on a network file system`,
      likelyCause: 'The application switched the database to WAL mode. SQLite supports that only on one host.',
      action: 'Switch the database to another journal mode.',
      steps: () => [
        {
          say: 'Stop the application, switch the mode, and keep the application from switching it back:',
          run: 'sqlite3 "$FILE" "PRAGMA journal_mode=DELETE"',
        },
      ],
    },
    'folder-not-writable': {
      title: 'the folder of the database cannot be written to',
      happened: (values) => `${fileOf(values)} uses WAL mode, and SQLite may not write to its folder`,
      likelyCause:
        'In WAL mode every reader needs the files -wal and -shm beside the database, and may have to create them.',
      action: 'Open the database once with the application, which makes these files, or switch the journal mode.',
      steps: () => [
        {
          say: 'See who may write to the folder and to the files beside the database:',
          run: 'ls -ldn "$(dirname "$FILE")" "$FILE"*',
        },
        {
          say: 'Or switch the mode, with the application stopped:',
          run: 'sqlite3 "$FILE" "PRAGMA journal_mode=DELETE"',
        },
      ],
    },
    'hot-journal': {
      title: 'an unfinished transaction must be rolled back',
      happened: (values) =>
        `an application died while it wrote to ${fileOf(values)}: its transaction must be rolled back before anything can read the database`,
      likelyCause: 'The application was killed, or its machine failed, within a transaction.',
      action: 'Open the database once with the application or with sqlite3, which rolls the transaction back.',
      steps: () => [
        { say: 'Never delete the file that ends in -journal: without it the database is damaged.' },
        {
          say: 'Start the application, or open the database once as a user who may write to it:',
          run: 'sqlite3 "$FILE" .tables',
        },
      ],
    },
    locked: {
      title: 'another process locks the database',
      happened: (values) => `${fileOf(values)} was locked by another process all the time`,
      likelyCause:
        'A process holds an exclusive lock: a long transaction, locking_mode=EXCLUSIVE, or a process that hangs.',
      action: 'End the transaction or the process that holds the lock.',
      steps: () => [
        {
          say: 'On the machine of the application, find the processes that have the file open:',
          run: 'fuser -v "$FILE"',
        },
        { say: 'If the lock is held at one time of the day only, move the schedule of the backup.' },
      ],
    },
    'scratch-full': {
      title: 'the snapshot does not fit on the scratch volume',
      happened: (values) => `a snapshot of ${fileOf(values)} does not fit on the scratch volume`,
      likelyCause: 'The database has grown beyond the ephemeral storage of the task.',
      action: 'Raise ephemeralStorageGiB of the backup, and deploy.',
      steps: () => [
        {
          say: 'Raise ephemeralStorageGiB of the backup to more than the size of the file and its write-ahead log and 5 GiB besides, and deploy.',
        },
      ],
    },
    damaged: {
      title: 'the database is damaged',
      happened: (values) => `integrity_check found damage in ${fileOf(values)}`,
      likelyCause: 'A crash, a full disk, or a program that wrote to the file without SQLite damaged the database.',
      action: 'Restore the newest good backup beside it, and compare before anything else writes to the file.',
      steps: () => [
        { say: 'Copy the file away first. Then see what is damaged:', run: 'sqlite3 "$FILE" "PRAGMA integrity_check"' },
        { say: 'Save what can still be read:', run: 'sqlite3 "$FILE" ".recover" | sqlite3 recovered.db' },
      ],
      lost: () => ({}),
    },
  },
  notes: {
    'not-checked': {
      title: 'tables that only the application can check',
      happened: (note) =>
        `${tablesOf(note)} need what only the application has${note.said === undefined ? '' : ` (${note.said})`}: they are copied byte by byte, but their indexes are not checked, and other programs cannot use them`,
      steps: () => [
        { say: 'Check a restored copy with the application, which knows its collations, functions and modules.' },
      ],
    },
    'index-differs': {
      title: 'indexes in another order than that of SQLite',
      happened: (note) =>
        `indexes of ${tablesOf(note)} do not agree with SQLite's own collations and functions: the application replaces those, or the indexes are damaged. The rows are sound`,
      steps: () => [
        { say: 'See whether the application finds fault with them: let it run this:', run: 'PRAGMA integrity_check' },
        { say: 'If it does, let it rebuild them:', run: 'REINDEX' },
      ],
    },
    'constraint-violations': {
      title: 'rows that the schema forbids',
      happened: (note) =>
        `${tablesOf(note)} have rows that their constraints forbid (foreign keys, NOT NULL, CHECK or types): they are in the backup as they are`,
      steps: () => [{ say: 'List them:', run: 'sqlite3 "$FILE" "PRAGMA foreign_key_check; PRAGMA integrity_check"' }],
    },
    'lost-commits': {
      title: 'commits behind damage in the write-ahead log',
      happened: ({ count = 0 }) =>
        `the write-ahead log holds ${count} committed transactions behind a damaged page: SQLite ignores them, and so they are neither in the database nor in this backup`,
      steps: () => [
        {
          say: 'Copy the database and its -wal file away before the application overwrites them, and compare with the backup before this one.',
        },
      ],
    },
  },
};
