import type { Cause, Signal } from '../../../catalog/alarms';
import type { Problem, Recovery } from '../../../catalog/notification';
import type { Clock } from './numbers';
import { span } from './numbers';
import { oneLine, subject, SUBJECT_CHARACTERS } from './text';

/** What a subject starts with. */
const HEADS: Readonly<Record<Exclude<Signal, 'housekeeping'>, string>> = {
  failed: 'FAILED',
  'never-started': 'NOT STARTED',
  silent: 'SILENT',
  'strange-size': 'STRANGE SIZE',
  'not-proven': 'NOT PROVEN',
};

/** The same for what concerns the bucket; whether it needs to be said what it is about. */
const HOUSEKEEPING: Readonly<Partial<Record<Cause, readonly [head: string, about: boolean]>>> = {
  prune: ['PRUNE FAILED', false],
  'prune-snapshots': ['SNAPSHOT PRUNE FAILED', false],
  measure: ['MEASURING FAILED', false],
  'snapshot-policy': ['SNAPSHOT POLICY FAILED', true],
  snapshot: ['SNAPSHOT FAILED', true],
  replication: ['REPLICATION FAILED', false],
  'denied-delete': ['DELETE DENIED', false],
  'no-subscriber': ['NOBODY READS', false],
  'dead-letters': ['NOT STARTED', true],
  other: ['BACKUP PROBLEM', false],
};

/** `FAILED`, and whether what it is about follows. */
const headOf = ({ signal, cause, reminder }: Problem): readonly [head: string, about: boolean] =>
  signal === 'housekeeping'
    ? (HOUSEKEEPING[cause] ?? ['BACKUP PROBLEM', true])
    : [`${reminder ? 'STILL ' : ''}${HEADS[signal] ?? 'BACKUP PROBLEM'}`, true];

/** When it happened: the time that the schedule meant, where it is known. */
export const timeOf = ({ task, since }: Problem): string => task?.scheduledTime ?? task?.stoppedAt ?? since;

/** `vol-0abc` of `snapshots of volume vol-0abc`: the head says already what it is. */
const shortAbout = ({ signal, about }: Problem): string =>
  signal === 'housekeeping' ? oneLine(about).split(' ').at(-1)! : oneLine(about);

/** A subject with as much of a sentence as it holds: rather without the address and the hint than without the reason. */
function withGist(head: string, sentence: string, tail: string, short?: string): string {
  const plain = sentence.replace(/ \([^()]*\)$/, '');
  // What is allowed, the text says.
  const allowedLeftOut = plain.replace(/, and [\w. ]+ (?:is|are) allowed.*$/, '');
  const bare = plain.replace(/^could not connect to \S+: /, '').replace(/\barn:\S*[/:](?=[\w.@-])/g, '');
  const fits = (words: string) => `${head}: ${words} (${tail})`.length <= SUBJECT_CHARACTERS;
  return subject(head, [sentence, plain, allowedLeftOut].find(fits) ?? short ?? bare, tail);
}

/** @param title what the problems have in common, for when their sentences differ */
export function problemSubject(problems: readonly Problem[], title: string, clock: Clock): string {
  const first = problems[0]!;
  const [head, about] = headOf(first);
  const newest = problems.map(timeOf).reduce((a, b) => (b > a ? b : a));
  if (problems.length === 1) {
    const short = shortAbout(first);
    // Once is enough.
    const said = first.source === undefined && first.sentence.includes(short);
    const named = about && !said ? `${head} ${short}` : head;
    // ECS begins with the name of an error: what it means says more than a part of it.
    const gist = first.signal === 'never-started' ? title : undefined;
    return withGist(named, oneLine(first.sentence), clock.full(newest), gist);
  }
  const things = first.source === undefined ? 'times' : 'sources';
  const same = problems.every(({ sentence }) => sentence === first.sentence);
  return withGist(`${head} ${problems.length} ${things}`, same ? oneLine(first.sentence) : title, clock.full(newest));
}

/** What is so again when a signal is over. */
const OVER: Readonly<Record<Signal, string>> = {
  failed: 'backups work again',
  'never-started': 'backups start again',
  silent: 'there is a new backup',
  'strange-size': 'the size is within the bounds of its history again',
  'not-proven': 'proven again',
  housekeeping: 'works again',
};

/** What is so again, in a few words. */
export const overOf = ({ signals, quiet }: Recovery): string =>
  quiet ? 'it has not happened again' : (OVER[signals[0]!] ?? 'well again');

export function recoverySubject(recoveries: readonly Recovery[], clock: Clock): string {
  const [first] = recoveries;
  const newest = clock.full(recoveries.map(({ at }) => at).reduce((a, b) => (b > a ? b : a)));
  if (recoveries.length > 1)
    return subject(`RECOVERED ${recoveries.length} sources`, 'all is well again there', newest);
  return subject(
    `RECOVERED ${oneLine(first!.about)}`,
    first!.quiet ? overOf(first!) : `${overOf(first!)} after ${spanOf(first!)}`,
    newest,
  );
}

/** How long it was so. */
export const spanOf = ({ since, at }: Recovery): string => span((Date.parse(at) - Date.parse(since)) / 1000);
