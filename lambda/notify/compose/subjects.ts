import type { Cause, Signal } from '../../../catalog/contract/alarms';
import type { Problem, Recovery } from '../../../catalog/contract/notification';
import { countOf, formatDuration } from '../../../catalog/units';
import type { Advice } from '../advice/advice-table';
import type { ZoneClock } from './clock';
import { ascii, oneLine, subject, SUBJECT_CHARACTERS } from './text';

/** First words of a subject. */
const HEADS: Readonly<Record<Exclude<Signal, 'housekeeping'>, string>> = {
  failed: 'FAILED',
  'never-started': 'NOT STARTED',
  silent: 'SILENT',
  'strange-size': 'STRANGE SIZE',
  'not-proven': 'NOT PROVEN',
};

/** Of problems with other first words than their signal. */
const OF_CAUSE: Readonly<Partial<Record<Cause, string>>> = {
  // Lost backups are worse than a missing new one.
  gone: 'BACKUPS GONE',
  'restore-test-not-run': 'NOT TESTED',
  'too-large': 'NOT TESTED',
  'managed-incomplete': 'INCOMPLETE',
  'recovery-too-slow': 'SLOW RESTORE',
};

/** First words for the housekeeping; whether the name of the problem follows. */
const HOUSEKEEPING: Readonly<Partial<Record<Cause, readonly [head: string, about: boolean]>>> = {
  prune: ['PRUNE PROBLEM', false],
  'prune-snapshots': ['SNAPSHOT PRUNE PROBLEM', false],
  restore: ['RESTORE FAILED', true],
  maintain: ['MAINTENANCE FAILED', true],
  measure: ['MEASURING FAILED', false],
  'snapshot-policy': ['SNAPSHOT POLICY FAILED', true],
  snapshot: ['SNAPSHOT FAILED', true],
  'managed-copy': ['COPY FAILED', true],
  replication: ['REPLICATION FAILED', false],
  'denied-delete': ['DELETE DENIED', false],
  'no-subscriber': ['NOBODY READS', false],
  'dead-letters': ['NOT STARTED', true],
  other: ['BACKUP PROBLEM', false],
};

/** First words, and whether the name of the problem follows. */
function headOf({ signal, cause, reminder, flapping, variant }: Problem): readonly [head: string, about: boolean] {
  if (signal === 'housekeeping') {
    if (cause === 'replication' && variant !== 'copies-failed') return ['REPLICATION LATE', false];
    if (variant === 'answer-unknown') return ['DELETE TRIED', false];
    return HOUSEKEEPING[cause] ?? ['BACKUP PROBLEM', true];
  }
  if (flapping) return ['FLAPPING', true];
  return [`${reminder ? 'STILL ' : ''}${OF_CAUSE[cause] ?? HEADS[signal] ?? 'BACKUP PROBLEM'}`, true];
}

/** The scheduled time of the run, where it is known; otherwise when it happened. */
export const timeOf = ({ task, since }: Problem): string => task?.scheduledTime ?? task?.stoppedAt ?? since;

/** `vol-0abc` of `snapshots of volume vol-0abc`: the head says already that it is a snapshot. */
const shortAbout = ({ signal, about }: Problem): string =>
  signal === 'housekeeping' ? oneLine(about).split(' ').at(-1)! : oneLine(about);

/** A subject with the fullest text that fits as a whole; the last one is cut if none does. */
export function fullest(head: string, texts: readonly (string | undefined)[], tail: string): string {
  const known = texts.filter((text) => text !== undefined && text !== '') as string[];
  const fits = (text: string) => ascii(`${head}: ${text} (${tail})`).length <= SUBJECT_CHARACTERS;
  return subject(head, known.find(fits) ?? known.at(-1) ?? '', tail);
}

/**
 * Subject of an email about problems.
 *
 * @param advice of the first
 * @param title what they have in common
 */
export function problemSubject(
  problems: readonly Problem[],
  advice: Advice,
  clock: ZoneClock,
  title: string = advice.title,
): string {
  const [first] = problems;
  const [head, isNamed] = headOf(first!);
  const tail = clock.full(problems.map(timeOf).reduce((a, b) => (b > a ? b : a)));
  if (problems.length > 1) {
    const many = countOf(problems.length, first!.source === undefined ? 'time' : 'source');
    const same = problems.every(({ sentence, short }) => sentence === first!.sentence && short === first!.short);
    return fullest(`${head} ${many}`, same ? textsOf(first!, advice) : [title], tail);
  }
  return fullest(isNamed ? `${head} ${shortAbout(first!)}` : head, textsOf(first!, advice), tail);
}

/** Texts for the subject, the fullest first. */
function textsOf(
  { signal, reason, sentence, short, flapping }: Problem,
  { happened, title, kind }: Advice,
): (string | undefined)[] {
  if (flapping) return [`failed ${countOf(flapping.failures, 'time')}, ${happened ?? title}`, title];
  switch (signal) {
    case 'failed':
      return reason && kind !== undefined && happened !== undefined ? [happened, title] : [sentence, title];
    case 'never-started':
      return [title];
    default:
      return short === undefined ? [sentence] : [sentence, short];
  }
}

/** Words for a signal that is over. */
const OVER: Readonly<Record<Signal, string>> = {
  failed: 'backups work again',
  'never-started': 'backups start again',
  silent: 'there is a new backup',
  'strange-size': 'the size is usual again',
  'not-proven': 'restore tests are fine again',
  housekeeping: 'works again',
};

/** The good news, in a few words. */
export const overOf = ({ signals, quiet, stable }: Recovery): string =>
  quiet
    ? 'has not happened again'
    : `${OVER[signals[0]!] ?? 'works again'}${stable ? ', without a failure for a day' : ''}`;

/** Whether something is still wrong. */
export const isHalf = ({ open = [] }: Recovery): boolean => open.length > 0;

const STILL: Readonly<Record<Signal, string>> = {
  failed: 'runs fail',
  'never-started': 'runs are not started',
  silent: 'there is no new backup',
  'strange-size': 'the size is strange',
  'not-proven': 'restore tests have a problem',
  housekeeping: 'it does not work',
};

/** `runs fail and the size is strange` */
export const stillOf = ({ open = [] }: Recovery): string =>
  open.map((signal) => STILL[signal] ?? 'something is wrong').join(' and ');

/** Subject of an email about problems that are over. */
export function recoverySubject(recoveries: readonly Recovery[], clock: ZoneClock): string {
  const [first] = recoveries;
  const tail = clock.full(recoveries.map(({ at }) => at).reduce((a, b) => (b > a ? b : a)));
  if (recoveries.length > 1) {
    const half = recoveries.filter(isHalf).length;
    const said = half === 0 ? 'everything works again' : `${half} of them have other problems`;
    return subject(`RECOVERED ${countOf(recoveries.length, 'source')}`, said, tail);
  }
  const head = `RECOVERED ${oneLine(first!.about)}`;
  const over = overOf(first!);
  // What is still wrong matters more than how long the other lasted.
  if (isHalf(first!)) {
    return fullest(head, [`${over}, but ${stillOf(first!)}`, `${over}, but something else is wrong`], tail);
  }
  return fullest(head, first!.quiet || first!.stable ? [over] : [`${over} after ${spanOf(first!)}`, over], tail);
}

/** Duration of a problem that is over. */
export const spanOf = ({ since, at }: Recovery): string => formatDuration((Date.parse(at) - Date.parse(since)) / 1000);
