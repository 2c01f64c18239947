import type { Client } from 'pg';
import type { Note } from '../../../catalog/contract/note';
import type { ServerJob } from '../../../catalog/contract/task';
import type { Log } from '../../../task/run/log';
import type { PostgresqlNote } from '../facts';

/** One database, as the preflight sees it. */
export interface PostgresqlLook {
  /** A session in the database. */
  readonly client: Client;
  readonly database: string;
  readonly server: ServerJob;
  readonly log: Log;
  readonly note: (note: Note<PostgresqlNote>) => void;
}

/**
 * A question about a database before the first byte of its dump: refuses what could not come back, with a BackupError, or
 * notes what the dump cannot hold.
 */
export type PostgresqlCheck = (look: PostgresqlLook) => Promise<void>;

/** A query for the objects that a note is about, as one column of text: see `noteObjects` for what it may use. */
export type NoteQueries = Readonly<Partial<Record<PostgresqlNote, string>>>;
