/** How to repair failures of SQLite. Pure: handlers read it. */
import type { ReasonValues } from '../../catalog/contract/failure';
import type { EngineAdvice } from '../engine-advice';
import type { SqliteNote, SqliteReason } from './facts';

const fileOf = ({ object }: ReasonValues): string =>
  object === undefined ? 'the database file' : `the file ${object}`;

export const SQLITE_ADVICE: EngineAdvice<SqliteReason, SqliteNote> = {
  common: {},
  own: {
    'file-unreadable': {
      title: 'the database file cannot be read',
      happened: (values) => `${fileOf(values)} does not exist, or cannot be read`,
      likelyCause: 'The file was moved or deleted, or the user of the EFS access point may not read it.',
      action: 'Correct the path of the file, or its permissions.',
      steps: () => [
        {
          say: 'See whether the file exists, and who may read it, from a machine that mounts the file system:',
          run: 'ls -ln "$FILE"',
        },
        { say: 'If it has another path now, correct the path of the database, and deploy.' },
      ],
    },
    'not-a-database': {
      title: 'the file is no SQLite database',
      happened: (values) => `${fileOf(values)} is empty, or no SQLite database`,
      likelyCause: 'The path names another file, or the database was overwritten or truncated.',
      action: 'Look at the file now: the data may be lost.',
      steps: () => [
        {
          say: 'From a machine that mounts the file system, look at the beginning of the file. A database begins with "SQLite format 3":',
          run: 'head -c 16 "$FILE"',
        },
        { say: 'If the path is wrong, correct it, and deploy. If the data is lost, restore it.' },
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
      steps: () => [{ say: 'Raise ephemeralStorageGiB of the backup to more than the size of the file, and deploy.' }],
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
    },
  },
  notes: {},
};
