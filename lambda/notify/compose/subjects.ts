import type { Cause, Signal } from '../../../catalog/contract/alarms';
import type { Problem, Recovery } from '../../../catalog/contract/notification';
import type { Advice } from '../advice/advice-table';
import type { Clock } from './clock';
import { span } from './clock';
import { lacking, withoutStatements } from '../advice/statements';
import { oneLine, subject, SUBJECT_CHARACTERS } from './text';

/** What a subject starts with. */
const HEADS: Readonly<Record<Exclude<Signal, 'housekeeping'>, string>> = {
  failed: 'FAILED',
  'never-started': 'NOT STARTED',
  silent: 'SILENT',
  'strange-size': 'STRANGE SIZE',
  'not-proven': 'NOT PROVEN',
};

/** That all backups are lost is worse than that no new one comes. */
const GONE = 'BACKUPS GONE';

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
    : [`${reminder ? 'STILL ' : ''}${cause === 'gone' ? GONE : (HEADS[signal] ?? 'BACKUP PROBLEM')}`, true];

/** When it happened: the time that the schedule meant, where it is known. */
export const timeOf = ({ task, since }: Problem): string => task?.scheduledTime ?? task?.stoppedAt ?? since;

/** `vol-0abc` of `snapshots of volume vol-0abc`: the head says already what it is. */
const shortAbout = ({ signal, about }: Problem): string =>
  signal === 'housekeeping' ? oneLine(about).split(' ').at(-1)! : oneLine(about);

/** A subject with as much of a sentence as it holds: rather without the address and the hint than without the reason. */
function withGist(head: string, sentence: string, tail: string, short?: string): string {
  const plain = sentence.replace(/ \((?:[^()]|\([^()]*\))*\)$/, '');
  // What is allowed, the text says.
  const allowedLeftOut = plain
    .replace(/, and [\w. ]+ (?:is|are) allowed.*$/, '')
    .replace(/, and the median of the \d+ backups before is /, ', usual are ')
    .replace(/^\d+ problems? in [^:]+: /, '')
    .replace(/ \(using password: YES\)/, '')
    .replace(/^all its backups are gone or damaged; /, '');
  const bare = allowedLeftOut.replace(/^could not connect to \S+: /, '').replace(/\barn:\S*[/:](?=[\w.@-])/g, '');
  const fits = (words: string) => `${head}: ${words} (${tail})`.length <= SUBJECT_CHARACTERS;
  return subject(head, [sentence, plain, allowedLeftOut].find(fits) ?? short ?? bare, tail);
}

/** Subject of an email about problems, of which the first gets this advice. */
export function problemSubject(problems: readonly Problem[], { title, kind }: Advice, clock: Clock): string {
  const first = problems[0]!;
  const [head, about] = headOf(first);
  const newest = problems.map(timeOf).reduce((a, b) => (b > a ? b : a));
  if (problems.length === 1) {
    const short = shortAbout(first);
    // Once is enough.
    const said = first.source === undefined && first.sentence.includes(short);
    const named = about && !said ? `${head} ${short}` : head;
    // ECS begins with the name of an error, and S3's with that of a file: what it means says more than a part of it.
    const gist =
      first.signal === 'never-started' ? title : first.cause === 'uploadFailed' ? `not stored, ${kind}` : undefined;
    return withGist(named, gistOf(first), clock.full(newest), gist);
  }
  const things = first.source === undefined ? 'times' : 'sources';
  const same = problems.every(({ sentence }) => sentence === first.sentence);
  return withGist(`${head} ${problems.length} ${things}`, same ? gistOf(first) : title, clock.full(newest));
}

/** What happened, in the words that say most. */
const gistOf = (problem: Problem): string =>
  (problem.cause === 'privileges' ? lacking(problem) : undefined) ?? withoutStatements(problem);

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

/** Whether something is still wrong with it. */
export const isHalf = ({ open = [] }: Recovery): boolean => open.length > 0;

/** What is still wrong, in words. */
const STILL: Readonly<Record<Signal, string>> = {
  failed: 'runs fail',
  'never-started': 'runs are not started',
  silent: 'no new backup has come',
  'strange-size': 'the size is strange',
  'not-proven': 'no backup is proven',
  housekeeping: 'it does not work',
};

/** `runs fail and the size is strange` */
export const stillOf = ({ open = [] }: Recovery): string =>
  open.map((signal) => STILL[signal] ?? 'something is wrong').join(' and ');

export function recoverySubject(recoveries: readonly Recovery[], clock: Clock): string {
  const [first] = recoveries;
  const newest = clock.full(recoveries.map(({ at }) => at).reduce((a, b) => (b > a ? b : a)));
  if (recoveries.length > 1) {
    const half = recoveries.filter(isHalf).length;
    const said = half === 0 ? 'all is well again there' : `something else is still wrong with ${half} of them`;
    return subject(`RECOVERED ${recoveries.length} sources`, said, newest);
  }
  const head = `RECOVERED ${oneLine(first!.about)}`;
  const over = overOf(first!);
  if (!isHalf(first!)) return subject(head, first!.quiet ? over : `${over} after ${spanOf(first!)}`, newest);
  // What is still wrong matters more than how long the other was.
  return subject(head, `${over}, but ${stillOf(first!)}`, newest);
}

/** How long it was so. */
export const spanOf = ({ since, at }: Recovery): string => span((Date.parse(at) - Date.parse(since)) / 1000);
