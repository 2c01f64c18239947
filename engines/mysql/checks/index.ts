import type { MysqlLook } from '../look';
import type { MysqlPlan } from '../plan';
import { checkBodies, checkFunctions, checkViews } from './bodies';
import { checkDamage } from './damage';
import { checkEvents } from './events';
import { checkLargeRows } from './large-rows';
import { checkMaskedColumns } from './masked-columns';
import { checkReadableObjects } from './readable-objects';
import { checkOldNames, checkServer } from './server';
import { checkTables } from './tables';
import { checkValues } from './values';

/**
 * A question about the source before the first byte of a dump: refuses what could not come back, with a BackupError, or notes
 * what the dump cannot hold.
 */
export type MysqlCheck = (look: MysqlLook, plan: MysqlPlan) => Promise<void>;

/** All checks, in order: what makes a dump impossible comes first. */
export const MYSQL_CHECKS: readonly MysqlCheck[] = [
  checkDamage,
  checkReadableObjects,
  checkMaskedColumns,
  checkOldNames,
  checkTables,
  checkBodies,
  checkFunctions,
  checkViews,
  checkEvents,
  checkServer,
  checkValues,
  checkLargeRows,
];
