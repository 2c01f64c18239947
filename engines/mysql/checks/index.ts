import type { MysqlLook } from '../look';
import type { MysqlPlan } from '../plan';
import { checkMaskedColumns } from './masked-columns';
import { checkReadableObjects } from './readable-objects';

/**
 * A question about the source before the first byte of a dump: refuses what could not come back, with a BackupError, or notes
 * what the dump cannot hold.
 */
export type MysqlCheck = (look: MysqlLook, plan: MysqlPlan) => Promise<void>;

/** All checks, in order: what makes a dump impossible comes first. */
export const MYSQL_CHECKS: readonly MysqlCheck[] = [checkReadableObjects, checkMaskedColumns];
