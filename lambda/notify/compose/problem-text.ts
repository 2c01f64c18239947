/** Paragraphs of emails about problems. */
import type { Cause } from '../../../catalog/contract/alarms';
import type { BackupFacts } from '../../../catalog/contract/alarms';
import type { Links, Problem } from '../../../catalog/contract/notification';
import type { Advice } from '../advice/advice-table';
import type { Step } from '../advice/steps';
import type { Clock } from './clock';
import { size, span, whole } from './clock';
import type { Place } from './place';
import { shownRaw } from './masked';
import { withoutStatements } from '../advice/statements';
import { timeOf } from './subjects';
import { body, capital, clean, cut, oneLine, sentence, wrapped } from './text';

const LOG_LINES = 20;
const LOG_LINE_CHARACTERS = 500;
const SENTENCE_CHARACTERS = 4000;
const RAW_CHARACTERS = 8000;

/** What happened, and since when. */
export function happened(problem: Problem, clock: Clock): string {
  const { about, source, since, times = 1, task } = problem;
  const what = `${oneLine(about)}: ${cut(withoutStatements(problem), SENTENCE_CHARACTERS)}`;
  const at = clock.full(timeOf(problem));
  const run = task ? (task.scheduledTime === undefined ? `a run by hand at ${at}` : `the run of ${at}`) : undefined;
  const when =
    times > 1
      ? `So it has been since ${clock.full(since)}: ${whole(times)} runs in a row made no backup.${run ? ` The last was ${run}.` : ''}`
      : run
        ? `It was ${run}.`
        : `So it has been since ${clock.full(since)}.`;
  return [wrapped(sentence(source === undefined ? capital(what) : what)), wrapped(when)].join('\n\n');
}

/** What there is to restore, each with its heading; nothing for what concerns no source. */
export function newestOf(problem: Problem, clock: Clock): string[] {
  const { source, signal, cause, newest, lastUsual, allowedAgeSeconds } = problem;
  if (source === undefined) return [];
  // Of what cannot be measured, or looked up, nothing is known: to say that there is none would frighten.
  if (!newest && (cause === 'not-measured' || allowedAgeSeconds === undefined)) {
    return [`NEWEST BACKUP\n${wrapped('It is not known. The command "proven-backups list" shows it.')}`];
  }
  const text = newestText(newest, allowedAgeSeconds, clock);
  if (signal !== 'strange-size' || !newest) return [`NEWEST GOOD BACKUP\n${text}`];
  const strange = `NEWEST BACKUP, THE STRANGE ONE\n${text}\n${wrapped('Before you rely on it, see that it holds what you expect.')}`;
  return lastUsual === undefined
    ? [strange]
    : [`NEWEST BACKUP OF A USUAL SIZE\n${newestText(lastUsual, undefined, clock)}`, strange];
}

/** What there is to restore. */
export function newestText(
  newest: BackupFacts | undefined,
  allowed: number | undefined,
  clock: Clock,
  it = 'It',
): string {
  const limit = allowed === undefined ? '' : ` Up to ${span(allowed)} are allowed.`;
  if (!newest) return wrapped('There is no backup to restore from.');
  const rows = newest.rows === undefined ? '' : `, ${whole(newest.rows)} rows`;
  return wrapped(
    `${it} was made at ${clock.full(newest.time)}, and is ${span(newest.ageSeconds)} old.${limit} It has ${whole(newest.tables)} tables${rows}, ${size(newest.bytes)} stored, ${oneLine(newest.engine)}.`,
  );
}

const stepText = ({ say, run, or }: Step, index: number): string =>
  [
    wrapped(`${index + 1}. ${say}`),
    // A command stays on one line: it is copied as a whole.
    ...(run === undefined ? [] : clean(run).split('\n')),
    ...(or ? [wrapped(or.say), clean(or.run)] : []),
  ].join('\n');

/** Where our commands are to be had. */
export const NPX = wrapped('Commands that begin with npx: in the folder of your project.');

/**
 * What to do.
 *
 * @param heading what of it, or for whom
 * @param intro what else to know before
 */
export const whatToDo = ({ likelyCause, steps }: Advice, heading = '', intro?: string): string =>
  body([
    wrapped(`WHAT TO DO${heading}`),
    intro,
    wrapped(`Likely cause: ${likelyCause}`),
    ...steps.map(stepText),
    steps.some(({ run }) => run?.startsWith('npx ')) ? NPX : undefined,
  ]).trimEnd();

/** The last lines of the log, each wrapped, with `| ` before it: nothing in it can be taken for ours. */
export function logText(lines: readonly string[] | undefined): string | undefined {
  if (lines === undefined || lines.length === 0) return undefined;
  const shown = lines.slice(-LOG_LINES).map((line) => wrapped(cut(oneLine(line), LOG_LINE_CHARACTERS), '| '));
  return ['LAST LOG LINES', ...shown.filter((line) => line.trim() !== '')].join('\n');
}

/** The event as it came, but for what is secret in it. */
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

/** What nothing ever calls well: it is over when it has not happened again for long. */
const ONCE: ReadonlySet<Cause> = new Set<Cause>(['denied-delete', 'snapshot-policy', 'other']);
const isOnce = ({ cause, sentence: said }: Problem): boolean =>
  ONCE.has(cause) || (cause === 'replication' && /could not be replicated/.test(said));

/** When the next email about it comes. */
export function nextEmail(problem: Problem): string {
  const { signal } = problem;
  if (isOnce(problem))
    return 'If it happens again, you are told after 20 hours at the earliest; if not, once more after 14 days.';
  if (signal === 'failed' || signal === 'never-started' || signal === 'housekeeping') {
    return 'You get one email when it is well again, and if it goes on, another after 20 hours at the earliest.';
  }
  return 'You get one email when it is well again, and a reminder every week until then.';
}

/** Where it comes from. */
export const whereText = ({ bucket, account, region }: Place, next: string): string =>
  [
    'ABOUT THIS EMAIL',
    wrapped(`Bucket ${bucket}`),
    wrapped(`Account ${account}, Region ${region}`),
    ...(next === '' ? [] : [wrapped(next)]),
  ].join('\n');
