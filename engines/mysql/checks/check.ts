import type { MysqlLook } from '../look';
import type { MysqlPlan } from '../plan';

/**
 * A question about the source before the first byte of a dump: refuses what could not come back, with a BackupError, or notes
 * what the dump cannot hold.
 */
export type MysqlCheck = (look: MysqlLook, plan: MysqlPlan) => Promise<void>;
