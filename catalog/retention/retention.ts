/** Which backups are kept, and why. Pure: the prune handlers, the command line and the simulation all ask here. */
import { Calendar } from './calendar';
import type { RetentionPolicy } from './retention-policy';
import { PERIODS, retentionFault } from './retention-policy';
import { formatDuration } from '../units';

const HOUR_MS = 3_600_000;
/** A backup further in the future than this was dated by a wrong clock, or is looked at by one. */
const FUTURE_MS = HOUR_MS;
/** Whoever restored the wrong backup can go back for as long as what was pruned can be brought back. */
const SAFETY_MS = 14 * 24 * HOUR_MS;

/** The facts about a backup that a plan needs. Any backup will do: a dump, or a snapshot of a volume. */
export interface RetainedBackup {
  /** Unique among the backups of its source. */
  readonly id: string;
  /** When it was made. */
  readonly time: Date;
  /** Why it is no whole backup, if it is none. It stays then, and counts for nothing. */
  readonly damage?: string;
  /** Whether a restore test has proved it. */
  readonly proven?: boolean;
  /** Whether it has what a restore replaced, which somebody knew to be wrong: it takes the place of no other. */
  readonly safety?: boolean;
  /**
   * Whether it was stored long after its time, and after newer ones: a copy, or forged by whoever may only add backups, to have the rules delete others.
   * It takes the place of no other.
   */
  readonly late?: boolean;
  /** Why it cannot be deleted now, if it cannot: `locked until 2027-01-01T00:00:00Z`. It stays then. */
  readonly held?: string;
}

/** Whether a backup is kept, and why. */
export interface Decision<B extends RetainedBackup = RetainedBackup> {
  readonly backup: B;
  readonly keep: boolean;
  /** Why, in words for people; at least one. */
  readonly reasons: readonly string[];
}

/**
 * Decides for every backup of one source whether it is kept.
 *
 * The floor comes first: the newest `keepLast` whole backups and the newest proven one stay, however old they are. What is
 * damaged, held, or dated in the future stays as well, but counts for no rule. A safety backup of a restore stays for 14 days, and
 * then as `keepFor` says; it counts for floor and calendar only if there is no other backup. In the calendar, those that were stored late
 * have places of their own, and in the floor they come last.
 *
 * @param backups of one source, in any order
 * @param policy what is kept
 * @param now the time by which `keepFor` is measured
 * @returns a decision for each backup, newest first
 * @throws RangeError if the policy is not valid
 */
export function plan<B extends RetainedBackup>(
  backups: readonly B[],
  policy: RetentionPolicy,
  now: Date,
): Decision<B>[] {
  const wrong = retentionFault(policy);
  if (wrong !== undefined) throw new RangeError(wrong);
  const newestFirst = [...backups].sort(byTimeThenId);
  const reasons = new Map<B, string[]>(newestFirst.map((backup) => [backup, standing(backup, now)]));
  const counted = newestFirst.filter((backup) => isCounted(backup, now));
  const usual = counted.filter(({ safety }) => !safety);
  const all = usual.length > 0 ? usual : counted;
  const [timely, late] = [all.filter((backup) => !backup.late), all.filter((backup) => backup.late)];
  const ruled = [...timely, ...late];
  const keep = (backup: B, reason: string): void => void reasons.get(backup)!.push(reason);

  for (const backup of ruled.slice(0, policy.keepLast)) keep(backup, `floor: newest ${policy.keepLast}`);
  const proven = ruled.find((backup) => backup.proven);
  if (proven) keep(proven, 'newest proven');
  if (policy.forever) counted.forEach((backup) => keep(backup, 'kept for ever'));
  const calendar = new Calendar(policy.timeZone, policy.weekStart);
  if (policy.keepForSeconds !== undefined) {
    const since = now.getTime() - policy.keepForSeconds * 1000;
    const rule = `younger than ${formatDuration(policy.keepForSeconds)}`;
    for (const backup of counted) if (backup.time.getTime() > since) keep(backup, rule);
  }
  for (const period of PERIODS) {
    const count = policy[period] ?? 0;
    const nameOf = ({ time }: B): string => calendar.name(period, time);
    const keepOne = (one: B, name: string): void =>
      keep(one, `${period} of ${name}${one.late ? ', stored later' : ''}`);
    keepNewestOfEach(count, timely, nameOf, () => true, keepOne);
    keepNewestOfEach(late.length > 0 ? count : 0, all, nameOf, ({ late: isLate }) => isLate === true, keepOne);
  }
  return newestFirst.map((backup) => {
    const why = reasons.get(backup)!;
    return { backup, keep: why.length > 0, reasons: why.length > 0 ? why : ['no rule keeps it'] };
  });
}

/** Reasons that have nothing to do with the rules. */
function standing(backup: RetainedBackup, now: Date): string[] {
  if (backup.damage !== undefined) return [`damaged: ${backup.damage}`];
  if (isAhead(backup, now)) return [`dated in the future: ${backup.time.toISOString()}`];
  if (backup.held !== undefined) return [backup.held];
  const isKept = backup.safety === true && now.getTime() - backup.time.getTime() < SAFETY_MS;
  return isKept ? ['safety backup of a restore, younger than 14 days'] : [];
}

const isAhead = (backup: RetainedBackup, now: Date): boolean => backup.time.getTime() > now.getTime() + FUTURE_MS;

/** Whether a backup counts for the rules: it is whole, and not dated in the future. */
export const isCounted = (backup: RetainedBackup, now: Date): boolean =>
  backup.damage === undefined && !isAhead(backup, now);

const byTimeThenId = (a: RetainedBackup, b: RetainedBackup): number =>
  b.time.getTime() - a.time.getTime() || (a.id < b.id ? 1 : a.id > b.id ? -1 : 0);

function keepNewestOfEach<B>(
  count: number,
  newestFirst: readonly B[],
  nameOf: (backup: B) => string,
  isMeant: (backup: B) => boolean,
  keep: (backup: B, name: string) => void,
): void {
  const seen = new Set<string>();
  const kept = new Set<string>();
  for (const backup of newestFirst) {
    const name = nameOf(backup);
    if (!seen.has(name) && seen.size >= count) return;
    seen.add(name);
    if (kept.has(name) || !isMeant(backup)) continue;
    kept.add(name);
    keep(backup, name);
  }
}
