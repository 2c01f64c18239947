/** Writes what is published: the subject and the text of an email, and the JSON that others get. */
import type { Digest } from '../../../catalog/contract/alarms';
import type {
  AdvisedProblem,
  DigestRow,
  Notification,
  Problem,
  Recovery,
} from '../../../catalog/contract/notification';
import { adviceOf } from '../advice/advice';
import type { OpenHousekeeping } from './digest-text';
import { digestSubject, digestText } from './digest-text';
import { DETAILED, fitting } from './fitting';
import { listed, whatToDoOfAll } from './grouped-text';
import { linksOf } from '../advice/links';
import { masked } from './masked';
import { clockOf } from './clock';
import type { Clock } from './clock';
import type { Composed, Place } from './place';
import { happened, linksText, logText, newestOf, nextEmail, rawText, whatToDo, whereText } from './problem-text';
import { recoveryText } from './recovery-text';
import { isHalf, problemSubject, recoverySubject } from './subjects';
import { samples } from './samples';
import { body, cut, oneLine, SUBJECT_CHARACTERS, wrapped } from './text';

export { composeRaw } from './raw';

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
  const next = steps.flatMap(({ say, run, or }) => [
    say,
    ...(run === undefined ? [] : [run]),
    ...(or ? [or.say, or.run] : []),
  ]);
  const raw = problem.raw === undefined ? {} : { raw: masked(problem.raw) };
  return { ...problem, ...raw, likelyCause, next, links: linksOf(problem, place) };
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
  const advice = adviceOf(first, place);
  const subject = problemSubject(problems, advice, clock);
  const text =
    told.length === 1
      ? body([...facts(told[0]!, clock, whatToDo(advice)), whereText(place, nextEmail(first))])
      : body([
          ...listed(told, advice.title),
          ...told
            .slice(0, DETAILED)
            .flatMap((problem) => [`--- ${cut(oneLine(problem.about), 60)} ---`, ...facts(problem, clock)]),
          ...whatToDoOfAll(problems, place),
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
  ...newestOf(problem, clock),
  advice,
  logText(problem.logLines),
  rawText(problem.raw),
  // With several, what the email means is said once, at its end.
  linksText(advice === undefined ? { ...problem.links, runbook: undefined } : problem.links),
];

/** An email about what is well again. */
export function composeRecoveries(recoveries: readonly Recovery[], place: Place): Composed {
  const clock = clockOf(place.timeZone);
  const subject = recoverySubject(recoveries, clock);
  const rest = recoveries.some(isHalf) ? [] : ['There is nothing to do.'];
  const text = body([...recoveryText(recoveries, clock), ...rest, whereText(place, '')]);
  return fitting({ notification: { ...head(place), kind: 'recovered', subject, recoveries }, text });
}

/** What a digest is made of, beside how the sources are. */
export interface DigestOptions {
  readonly often: Digest;
  /** What is open of the housekeeping. */
  readonly housekeeping?: readonly OpenHousekeeping[];
}

/** An email about how backups are. */
export function composeDigest(
  rows: readonly DigestRow[],
  place: Place,
  { often, housekeeping = [] }: DigestOptions,
): Composed {
  const clock = clockOf(place.timeZone);
  const subject = digestSubject(rows, place, often, clock, housekeeping);
  const next = {
    off: '',
    each: 'You get such an email after every backup.',
    daily: 'You get such an email every day.',
    weekly: 'You get such an email every week.',
  }[often];
  const text = body([...digestText(rows, often, clock, housekeeping), whereText(place, next)]);
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
