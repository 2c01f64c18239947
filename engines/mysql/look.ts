import type { RowDataPacket } from 'mysql2/promise';
import type { Note } from '../../catalog/contract/note';
import type { ServerJob } from '../../catalog/contract/task';
import type { Log } from '../../task/run/log';
import type { MysqlDialect } from './dialect';
import type { MysqlNote } from './facts';
import type { MysqlGrants } from './grants';

/** What the preflight knows of a server, and how it asks for more. */
export interface MysqlLook {
  readonly server: ServerJob;
  readonly dialect: MysqlDialect;
  readonly serverVersion: string;
  readonly toolVersion: string;
  /** The connected account: `backup@%`. */
  readonly account: string;
  readonly grants: MysqlGrants;
  readonly log: Log;
  readonly note: (note: Note<MysqlNote>) => void;
  /** Asks by the session of the preflight. */
  readonly query: (sql: string, values?: unknown[]) => Promise<RowDataPacket[]>;
}
