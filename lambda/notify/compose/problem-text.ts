/** Paragraphs of emails about problems. */
import type { Cause } from '../../../catalog/contract/alarms';
import type { Links, Problem } from '../../../catalog/contract/notification';
import { differenceText } from '../../../catalog/proof-words';
import { countOf, formatCount, formatDuration } from '../../../catalog/units';
import type { Advice, Step } from '../advice/advice-table';
import { backupText } from './backup-text';
import type { ZoneClock } from './clock';
import { consequenceOf } from './consequences';
import { shownRaw } from './masked';
import type { Place } from './place';
import { timeOf } from './subjects';
import { body, capital, clean, cut, oneLine, sentence, wrapped } from './text';

const LOG_LINES = 20;
const LOG_LINE_CHARACTERS = 500;
const SENTENCE_CHARACTERS = 4000;
const RAW_CHARACTERS = 8000;
const DIFFERENCE_CHARACTERS = 500;

/** The opening: the event, and its consequence for the data. */
export function opening(problem: Problem, advice: Advice, clock: ZoneClock): string {
  const happened = happenedText(problem, advice);
  return wrapped([sentence(cut(happened, SENTENCE_CHARACTERS)), consequenceOf(problem, clock)].join(' ').trim());
}

function happenedText(problem: Problem, advice: Advice): string {
  const { about, source, signal, flapping } = problem;
  const name = oneLine(about);
  const said = oneLine(problem.sentence);
  if (flapping && source !== undefined)
    return `Backups of ${name} fail and succeed in turn: ${detailOf(problem, advice)}`;
  switch (signal) {
    case 'failed':
      if (problem.cause === 'managed-incomplete') return `The backup of ${name} is incomplete: ${said}`;
      return `The backup of ${name} failed: ${detailOf(problem, advice)}`;
    case 'never-started':
      return `The backup of ${name} was not started: ${said}`;
    case 'housekeeping':
      return isNamed(problem) ? capital(said) : `${capital(name)}: ${said}`;
    default:
      return `${name}: ${said}`;
  }
}

/** Sentences that name what they are about. */
const NAMED: ReadonlySet<Cause> = new Set<Cause>(['denied-delete', 'no-subscriber', 'dead-letters']);
const isNamed = ({ cause, variant, about, sentence: said, restore }: Problem): boolean =>
  NAMED.has(cause) ||
  variant === 'sources-unmeasured' ||
  (!restore && oneLine(said).includes(oneLine(about).split(' ').at(-1)!));

/** The reason with its values; of a run without a known reason, its own sentence. */
export const detailOf = (problem: Problem, advice: Advice): string =>
  advice.happened ?? (isReasonKnown(problem, advice) ? advice.title : oneLine(problem.sentence));

/** Whether the advice is about the reason, and not about the exit code alone. */
const isReasonKnown = ({ signal, reason }: Problem, { kind }: Advice): boolean =>
  signal === 'failed' && reason !== undefined && kind !== undefined;

/** Times, and the words of the server, the tool or AWS. */
export function details(problem: Problem, advice: Advice, clock: ZoneClock): string {
  const { since, times = 1, task, flapping, reason } = problem;
  const at = clock.full(timeOf(problem));
  const run = task
    ? task.scheduledTime === undefined
      ? `This was a run by hand, which ended at ${at}.`
      : `This was the scheduled run of ${at}.`
    : undefined;
  const began = flapping
    ? `It has failed ${countOf(flapping.failures, 'time')} since ${clock.full(flapping.since)}. Further changes are not reported until it has been stable for a day; if it goes on, you get one email a day.`
    : times > 1
      ? `${countOf(times, 'run')} in a row made no backup. The first failed at ${clock.full(since)}.`
      : run === undefined
        ? `Started at ${clock.full(since)}.`
        : undefined;
  return [
    ...[began, run].filter((line) => line !== undefined).map((line) => wrapped(line)),
    ...ownWords(problem, advice, reason?.said),
  ].join('\n');
}

/** Words of others are quoted: the opening has only the reason. */
function ownWords(problem: Problem, advice: Advice, said: string | undefined): string[] {
  if (!isReasonKnown(problem, advice)) return [];
  if (said !== undefined) return [wrapped(`The error: ${cut(oneLine(said), SENTENCE_CHARACTERS)}`)];
  // Its statements are among the steps.
  if (problem.cause === 'privileges') return [];
  return [wrapped(`The program says: ${cut(oneLine(problem.sentence), SENTENCE_CHARACTERS)}`)];
}

/** The backups that can be restored, each with its heading; nothing if the problem concerns no source. */
export function restorable(problem: Problem, clock: ZoneClock): string[] {
  const { source, signal, cause, since, newest, lastUsual, lastSound, allowedAgeSeconds } = problem;
  if (source === undefined) return [];
  // Of a source that cannot be measured, or looked up, nothing is known: to say that there is no backup would frighten.
  if (!newest && (cause === 'not-measured' || allowedAgeSeconds === undefined)) {
    return [`NEWEST BACKUP\n${wrapped('Not known. The command "proven-backups list" shows it.')}`];
  }
  const text = backupText(newest, allowedAgeSeconds, clock);
  if (signal === 'not-proven') return [provenText(problem, clock), `NEWEST BACKUP\n${text}`];
  if (cause === 'managed-incomplete' && newest && newest.time >= since) {
    return [`NEWEST BACKUP, THE INCOMPLETE ONE\n${text}`];
  }
  const isBad = newest?.tested === 'failed';
  const none = wrapped('None is known: the restore tests of the latest backups have failed.');
  const sound = lastSound ? backupText(lastSound, undefined, clock) : none;
  if (signal !== 'strange-size' || !newest)
    return isBad ? [`NEWEST GOOD BACKUP\n${sound}`, `NEWEST BACKUP\n${text}`] : [`NEWEST GOOD BACKUP\n${text}`];
  const strange = `NEWEST BACKUP, THE STRANGE ONE\n${text}\n${wrapped('Before you rely on it, check that it contains what you expect.')}`;
  return lastUsual === undefined
    ? [strange]
    : [`NEWEST BACKUP OF A USUAL SIZE\n${backupText(lastUsual, undefined, clock)}`, strange];
}

/** The newest proven backup, and how long its restore took. */
function provenText({ proven, objectives }: Problem, clock: ZoneClock): string {
  const head = 'NEWEST PROVEN BACKUP';
  if (!proven) return `${head}\n${wrapped('None: no restore test of this source has passed.')}`;
  const { id, testedAt, ageSeconds, loadSeconds, recoverySeconds } = proven;
  const waits = (recoverySeconds ?? 0) - (loadSeconds ?? 0);
  const took =
    loadSeconds === undefined
      ? ''
      : ` Its restore took ${formatDuration(loadSeconds)}${waits > 0 ? `, after ${formatDuration(waits)} to retrieve it` : ''}`;
  const limit = objectives?.recoveryTimeSeconds;
  const objective = took === '' || limit === undefined ? '' : ` (objective: ${formatDuration(limit)})`;
  return [
    head,
    wrapped(`${oneLine(id)}, ${formatDuration(ageSeconds)} old, tested at ${clock.full(testedAt)}.`),
    ...(took === '' ? [] : [wrapped(`${took.trim()}${objective}.`)]),
  ].join('\n');
}

/** What differs in a restored server, of a test that failed. */
export function differencesText({ test, failingSince }: Problem): string | undefined {
  const { differences = [], differenceCount = differences.length } = test ?? {};
  if (differences.length === 0) return undefined;
  const more = differenceCount - differences.length;
  const since =
    failingSince === undefined || failingSince === test!.id
      ? []
      : [wrapped(`Every restore test since backup ${oneLine(failingSince)} has failed.`)];
  return [
    'WHAT DIFFERS',
    ...differences.map((difference) => wrapped(`- ${cut(oneLine(differenceText(difference)), DIFFERENCE_CHARACTERS)}`)),
    ...(more > 0 ? [wrapped(`- and ${formatCount(more)} more`)] : []),
    ...since,
  ].join('\n');
}

/** The action, in one sentence. */
export const actionText = ({ action }: Advice): string => wrapped(`What to do: ${action}`);

/** A step with its number. */
export const stepText = ({ say, run, or }: Step, index: number): string =>
  [
    wrapped(`${index + 1}. ${say}`),
    // A command stays on one line, because it is copied as a whole.
    ...(run === undefined ? [] : clean(run).split('\n')),
    ...(or ? [wrapped(or.say), clean(or.run)] : []),
  ].join('\n');

/** Tells where to run our commands. */
export const NPX = wrapped('Run commands that begin with npx in the folder of your project.');

/**
 * The likely cause, and the steps.
 *
 * @param heading follows WHAT TO DO
 * @param intro precedes the likely cause
 */
export const whatToDo = ({ likelyCause, steps }: Advice, heading = '', intro?: string): string =>
  body([
    wrapped(`WHAT TO DO${heading}`),
    intro,
    wrapped(`Likely cause: ${likelyCause}`),
    ...steps.map(stepText),
    steps.some(({ run }) => run?.startsWith('npx ')) ? NPX : undefined,
  ]).trimEnd();

/** The last lines of the log, each with `| ` before it: nothing in it can be taken for our own words. */
export function logText(lines: readonly string[] | undefined): string | undefined {
  if (lines === undefined || lines.length === 0) return undefined;
  const shown = lines.slice(-LOG_LINES).map((line) => wrapped(cut(oneLine(line), LOG_LINE_CHARACTERS), '| '));
  return ['LAST LOG LINES', ...shown.filter((line) => line.trim() !== '')].join('\n');
}

/** The event as it came, without secrets. */
export function rawText(raw: unknown): string | undefined {
  if (raw === undefined) return undefined;
  return ['THE EVENT', wrapped(cut(clean(shownRaw(raw)), RAW_CHARACTERS))].join('\n');
}

/** Links, each alone on its line; nothing if there are none. */
export function linksText({ log, task, runbook }: Partial<Links>): string | undefined {
  const links = { Log: log, Task: task, 'What this email means': runbook };
  const lines = Object.entries(links).flatMap(([name, link]) => (link === undefined ? [] : [`${name}:`, link]));
  return lines.length === 0 ? undefined : ['LINKS', ...lines].join('\n');
}

/** Problems that no event ever ends: they are over when they have not happened again for long. */
const ONCE: ReadonlySet<Cause> = new Set<Cause>(['denied-delete', 'snapshot-policy', 'other']);
const isOnce = ({ cause, variant }: Problem): boolean => ONCE.has(cause) || variant === 'copies-failed';

/** Announces the next email about it. */
export function nextEmail(problem: Problem): string {
  const { signal, flapping } = problem;
  if (flapping) return 'You get one email when it has been stable for a day, and one a day until then.';
  if (isOnce(problem)) {
    return 'If it happens again, you are told after 20 hours at the earliest; if it does not, once more after 14 days.';
  }
  if (signal === 'failed' || signal === 'never-started' || signal === 'housekeeping') {
    return 'You get one email when it works again. Ongoing failures are repeated after 20 hours at the earliest.';
  }
  return 'You get one email when it is over. Ongoing problems are repeated every week.';
}

/** The origin of the email, and when the next one comes. */
export const whereText = ({ bucket, account, region }: Place, next: string): string =>
  [
    'ABOUT THIS EMAIL',
    wrapped(`Bucket ${bucket}`),
    wrapped(`Account ${account}, Region ${region}`),
    ...(next === '' ? [] : [wrapped(next)]),
  ].join('\n');
