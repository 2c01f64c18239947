/** Writes what is published: the subject and the text of an email, and the JSON that others get. */
import type { Digest } from '../../../catalog/alarms';
import type { AdvisedProblem, DigestRow, Notification, Problem, Recovery } from '../../../catalog/notification';
import { adviceOf } from './advice';
import { digestSubject, digestText } from './digest-text';
import { DETAILED, fitting } from './fitting';
import { linksOf } from './links';
import { clockOf } from './numbers';
import type { Clock } from './numbers';
import type { Composed, Place } from './place';
import { happened, linksText, logText, newestOf, nextEmail, rawText, whatToDo, whereText } from './problem-text';
import { recoveryText } from './recovery-text';
import { problemSubject, recoverySubject } from './subjects';
import { samples } from './samples';
import { body, capital, cut, oneLine, sentence, SUBJECT_CHARACTERS, wrapped } from './text';

export { composeRaw } from './raw';

/** How many sources an email names one by one. */
const NAMED = 300;

/** Everything of a notification but what it tells. */
const head = (place: Place) => ({
  formatVersion: 1 as const,
  at: place.now.toISOString(),
  account: place.account,
  region: place.region,
  bucket: place.bucket,
});

/** A problem with what a reader can do about it. */
export function advised(problem: Problem, place: Place): AdvisedProblem {
  const { likelyCause, steps } = adviceOf(problem, place);
  const next = steps.flatMap(({ say, run }) => (run === undefined ? [say] : [say, run]));
  return { ...problem, likelyCause, next, links: linksOf(problem, place) };
}

/**
 * An email about problems.
 *
 * @param problems at least one, all with the same signal and cause
 */
export function composeProblems(problems: readonly Problem[], place: Place): Composed {
  const first = problems[0]!;
  const clock = clockOf(place.timeZone);
  const told = problems.map((problem) => advised(problem, place));
  const { title } = adviceOf(first, place);
  const subject = problemSubject(problems, title, clock);
  const text =
    told.length === 1
      ? body([...facts(told[0]!, clock, whatToDo(adviceOf(first, place))), whereText(place, nextEmail(first))])
      : body([
          ...listed(told, title),
          ...told
            .slice(0, DETAILED)
            .flatMap((problem) => [`--- ${cut(oneLine(problem.about), 60)} ---`, ...facts(problem, clock)]),
          whatToDo(adviceOf(first, place), `, for ${cut(oneLine(first.about), 40)}`),
          linksText({ runbook: told[0]!.links.runbook }),
          whereText(place, nextEmail(first)),
        ]);
  const { signal, cause } = first;
  const notification: Notification = { ...head(place), kind: 'problem', subject, signal, cause, problems: told };
  return fitting({ notification, text });
}

/** What is known of one problem, and, in the end, where there is more. */
const facts = (problem: AdvisedProblem, clock: Clock, advice?: string): (string | undefined)[] => [
  happened(problem, clock),
  newestOf(problem, clock),
  advice,
  logText(problem.logLines),
  rawText(problem.raw),
  // With several, what the email means is said once, at its end.
  linksText(advice === undefined ? { ...problem.links, runbook: undefined } : problem.links),
];

/** Which sources it is about, before anything else. */
function listed(problems: readonly Problem[], title: string): string[] {
  const [first] = problems;
  const same = problems.every(({ sentence }) => sentence === first!.sentence);
  const what = first!.source === undefined ? 'things' : 'sources';
  const names = problems
    .slice(0, NAMED)
    .map(({ about, sentence: said }) => (same ? oneLine(about) : `${oneLine(about)}: ${cut(oneLine(said), 200)}`));
  const left = problems.length - names.length;
  return [
    wrapped(
      `${capital(sentence(title))} This concerns ${problems.length} ${what}.${same ? ` All say: ${sentence(cut(oneLine(first!.sentence), 500))}` : ''}`,
    ),
    same ? wrapped(names.join(', ')) : names.map((name) => wrapped(name)).join('\n'),
    ...(left > 0 ? [`And ${left} more.`] : []),
    wrapped(
      problems.length > DETAILED
        ? `Details of the first ${DETAILED} follow. What helps one mostly helps all.`
        : 'Details follow.',
    ),
  ];
}

/** An email about what is well again. */
export function composeRecoveries(recoveries: readonly Recovery[], place: Place): Composed {
  const clock = clockOf(place.timeZone);
  const subject = recoverySubject(recoveries, clock);
  const text = body([...recoveryText(recoveries, clock), 'There is nothing to do.', whereText(place, '')]);
  return fitting({ notification: { ...head(place), kind: 'recovered', subject, recoveries }, text });
}

/** An email about how backups are. */
export function composeDigest(
  rows: readonly DigestRow[],
  place: Place,
  { often }: { readonly often: Digest },
): Composed {
  const clock = clockOf(place.timeZone);
  const subject = digestSubject(rows, place, often, clock);
  const next = {
    off: '',
    each: 'You get such an email after every backup.',
    daily: 'You get such an email every day.',
    weekly: 'You get such an email every week.',
  }[often];
  const text = body([...digestText(rows, often, clock), whereText(place, next)]);
  return fitting({ notification: { ...head(place), kind: 'digest', subject, digest: rows }, text });
}

/** Who can have asked for a test. */
const TEST = [
  'THIS IS A TEST. Nothing happened, and there is nothing to do.',
  wrapped(
    'Somebody who may invoke the notify function of this bucket ran "npx proven-backups alarm test" to see whether emails arrive. The source and all facts below are invented.',
  ),
];

/** One email of each kind, of an invented source, each marked as a test. */
export const testNotifications = (place: Place): Composed[] => {
  const { problems, recovery, rows } = samples(place);
  const composed = [
    ...problems.map((problem) => composeProblems([problem], place)),
    composeRecoveries([recovery], place),
    composeDigest(rows, place, { often: 'daily' }),
  ];
  return composed.map(({ notification, text }) => {
    const subject = testSubject(notification.subject);
    return { notification: { ...notification, test: true, subject }, text: body([...TEST, text.trimEnd()]) };
  });
};

/** The end of a subject, with the time, stays. */
function testSubject(text: string): string {
  const [, sentence, time] = /^(.*?)( \([^()]*\))?$/.exec(text)!;
  return `TEST ${cut(sentence!, SUBJECT_CHARACTERS - 5 - (time ?? '').length)}${time ?? ''}`;
}
