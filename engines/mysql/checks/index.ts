import { checkBodies, checkFunctions, checkViews } from './bodies';
import type { MysqlCheck } from './check';
import { checkDamage } from './damage';
import { checkEvents } from './events';
import { checkLargeRows } from './large-rows';
import { checkMaskedColumns } from './masked-columns';
import { checkReadableObjects } from './readable-objects';
import { checkOldNames, checkServer } from './server';
import { checkTables } from './tables';
import { checkValues } from './values';

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
