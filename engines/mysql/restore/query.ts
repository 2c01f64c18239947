import type { RowDataPacket } from 'mysql2/promise';

/** How the restore asks the server. */
export type Query = (sql: string, values?: unknown[]) => Promise<RowDataPacket[]>;
