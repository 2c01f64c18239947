import { DEFAULT_SIZE_BOUNDS } from '../../../catalog/contract/alarms';
import type { BackupSize, SizeCheck } from '../../../catalog/size/size-check';
import { SizeHistory } from '../../../catalog/size/size-check';

export const MB = 1_000_000;

export const WORDS = { table: 'table', row: 'row' };

/** A backup as most of the tests have it. */
export const size = (changes: Partial<BackupSize> = {}): BackupSize => ({
  id: '2026-11-20T02-00-00Z',
  kind: 'mariadb dump',
  bytes: 48.1 * MB,
  rows: 100_000,
  tables: new Map([['shop.orders', 100_000]]),
  words: WORDS,
  ...changes,
});

/**
 * Compares a backup with those before it.
 *
 * @param earlier oldest first
 */
export function check(newest: BackupSize, earlier: readonly BackupSize[], bounds = DEFAULT_SIZE_BOUNDS): SizeCheck {
  const history = new SizeHistory(newest);
  for (const one of [...earlier].reverse()) history.add(one);
  return history.check(bounds);
}

export const times = <T>(count: number, value: T): T[] => Array<T>(count).fill(value);
