import { backupId } from '../../catalog/bucket/names';
import { plan } from '../../catalog/retention/retention';
import type { RetentionPolicy } from '../../catalog/retention/retention-policy';

/** List prices of us-east-1, in USD, August 2026; minimum days that are billed. */
const STANDARD_PER_GB_MONTH = 0.023;
const CLASSES = {
  STANDARD_IA: { perGbMonth: 0.0125, moveOf1000: 0.01, billed: 30, archive: false },
  GLACIER_IR: { perGbMonth: 0.004, moveOf1000: 0.02, billed: 90, archive: false },
  GLACIER: { perGbMonth: 0.0036, moveOf1000: 0.03, billed: 90, archive: true },
  DEEP_ARCHIVE: { perGbMonth: 0.00099, moveOf1000: 0.05, billed: 180, archive: true },
};
type StorageClass = keyof typeof CLASSES;

/** Storage classes with the day of a backup's life on which each begins, warmest first. */
export type Tiers = readonly (readonly [StorageClass, number])[];

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const DAYS_OF_MONTH = 365 / 12;
/** Overhead of each archived object in GB: 8 KB at Standard's price, 32 KB at the archive's. */
const INDEX = 8 / 1024 ** 2;
const HEADER = 32 / 1024 ** 2;

/** From when a backup is there (02:00 UTC), when it is deleted (04:30), and when its version goes. Days of age. */
interface Life {
  readonly deleted: number;
  readonly gone: number;
}

/** The lives of the backups of one year, a backup and a pruning a day, once the retention has filled up. */
export function livesOf(policy: RetentionPolicy, undoDays: number): Life[] {
  const first = Date.UTC(2026, 0, 1, 2);
  let backups: { id: string; time: Date }[] = [];
  const lives: Life[] = [];
  for (let day = 0; lives.length < 365; day++) {
    const time = new Date(first + day * DAY_MS);
    backups.push({ id: backupId(time), time });
    const now = new Date(time.getTime() + 2.5 * HOUR_MS);
    const decisions = plan(backups, policy, now);
    for (const { backup, keep } of decisions) {
      const madeOn = (backup.time.getTime() - first) / DAY_MS;
      if (keep || madeOn < 400 || madeOn >= 765) continue;
      const deleted = (now.getTime() - backup.time.getTime()) / DAY_MS;
      lives.push({ deleted, gone: nextMidnight(deleted + undoDays) });
    }
    backups = decisions.filter(({ keep }) => keep).map(({ backup }) => backup);
  }
  return lives;
}

/** S3 acts at the midnight after. Backups are made at 02:00. */
const nextMidnight = (age: number): number => Math.ceil(age + 2 / 24) - 2 / 24;

/** Cost of a month in USD, if each backup is one object. */
export function monthlyCost(lives: readonly Life[], tiers: Tiers, gbOfBackup: number): number {
  return lives.reduce((sum, life) => sum + costOf(life, tiers, gbOfBackup), 0) / 12;
}

function costOf({ deleted, gone }: Life, tiers: Tiers, gb: number): number {
  // Only current versions move.
  const moves = tiers
    .map(([storageClass, day]) => ({ ...CLASSES[storageClass], age: nextMidnight(day) }))
    .filter(({ age }) => age < deleted);
  const standard = moves[0]?.age ?? gone;
  return moves.reduce(
    (sum, { perGbMonth, moveOf1000, billed, archive, age }, index) => {
      const days = Math.max(billed, (moves[index + 1]?.age ?? gone) - age);
      const [stored, beside] = archive ? [gb + HEADER, INDEX] : [gb, 0];
      const perMonth = stored * perGbMonth + beside * STANDARD_PER_GB_MONTH;
      return sum + perMonth * (days / DAYS_OF_MONTH) + moveOf1000 / 1000;
    },
    gb * STANDARD_PER_GB_MONTH * (standard / DAYS_OF_MONTH),
  );
}

/** Constraints on the cheapest tiers. Days. */
export interface Wishes {
  /** Nothing leaves Standard before. */
  readonly standardUntil: number;
  /** Everything can be read at once until then. */
  readonly instantUntil: number;
}

/** Every day where lives of a year's retention end or minimums are over, and a coarse grid between. */
const GRID = [
  ...[0, 1, 2, 5, 10, 13, 14, 15, 16, 17, 18, 20, 25, 30, 31, 45, 46, 60, 61, 75, 76, 80, 85, 90, 91, 92, 93, 94],
  ...[95, 100, 103, 104, 105, 106, 107, 110, 120, 121, 135, 150, 165, 180, 195, 210, 240, 270, 300, 330, 340],
];

/** Tries all tiers that S3 takes, on the days of the grid. */
export function cheapestTiers(lives: readonly Life[], gb: number, wishes: Wishes): { tiers: Tiers; cost: number } {
  // Backups with the same life cost the same.
  const counted = new Map<number, { life: Life; count: number }>();
  for (const life of lives) {
    counted.set(life.deleted, { life, count: (counted.get(life.deleted)?.count ?? 0) + 1 });
  }
  const costs = (tiers: Tiers): number =>
    [...counted.values()].reduce((sum, { life, count }) => sum + count * costOf(life, tiers, gb), 0) / 12;
  let best = { tiers: [] as Tiers, cost: costs([]) };
  for (const tiers of legalTiers(wishes)) {
    const cost = costs(tiers);
    if (cost < best.cost) best = { tiers, cost };
  }
  return best;
}

function* legalTiers({ standardUntil, instantUntil }: Wishes): Generator<Tiers> {
  const daysOf = (storageClass: StorageClass, after: Tiers): number[] => {
    const [last, day] = after.at(-1) ?? [];
    const floor = Math.max(
      standardUntil,
      CLASSES[storageClass].archive ? instantUntil : 0,
      storageClass === 'STANDARD_IA' ? 30 : 0,
      day === undefined ? 0 : day + (last === 'STANDARD_IA' ? 30 : 1),
    );
    return GRID.filter((on) => on >= floor);
  };
  function* extended(after: Tiers, [next, ...others]: StorageClass[]): Generator<Tiers> {
    if (next === undefined) return yield after;
    yield* extended(after, others);
    for (const day of daysOf(next, after)) yield* extended([...after, [next, day]], others);
  }
  yield* extended([], Object.keys(CLASSES) as StorageClass[]);
}
