/** Composes notifications: the subject and the text of an email, and the JSON for other subscribers. */
import type { DigestFrequency } from '../../../catalog/contract/alarms';
import type {
  AdvisedProblem,
  DigestRow,
  NewNotes,
  Notification,
  Problem,
  Recovery,
} from '../../../catalog/contract/notification';
import { adviceOf } from '../advice/advice';
import type { Advice } from '../advice/advice-table';
import { linksOf } from '../advice/links';
import type { ZoneClock } from './clock';
import { clockOf } from './clock';
import type { OpenHousekeeping } from './digest-text';
import { digestSubject, digestText } from './digest-text';
import { DETAILED, fitting } from './fitting';
import { commonTitle, listed, whatToDoOfAll } from './grouped-text';
import { masked } from './masked';
import type { Composed, Place } from './place';
import * as paragraphs from './problem-text';
import { noteSubject, noteText } from './note-text';
import { recoveryText } from './recovery-text';
import { samples } from './samples';
import { isHalf, problemSubject, recoverySubject } from './subjects';
import { body, cut, oneLine, SUBJECT_CHARACTERS, wrapped } from './text';

export { composeRaw } from './raw';

/** The fields that all notifications have. */
const head = (place: Place) => ({
  formatVersion: 1 as const,
  at: place.now.toISOString(),
  account: place.account,
  region: place.region,
  bucket: place.bucket,
});

/** A problem with what a reader can do about it. */
function advised(problem: Problem, place: Place): AdvisedProblem {
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
  const title = commonTitle(problems, place);
  const subject = problemSubject(problems, advice, clock, title);
  const text = body([
    ...(told.length === 1 ? oneProblem(told[0]!, advice, clock) : manyProblems(told, title, place, clock)),
    paragraphs.whereText(place, paragraphs.nextEmail(first)),
  ]);
  const { signal, cause } = first;
  const notification: Notification = { ...head(place), kind: 'problem', subject, signal, cause, problems: told };
  return fitting({ notification, text });
}

const oneProblem = (problem: AdvisedProblem, advice: Advice, clock: ZoneClock): (string | undefined)[] => [
  paragraphs.opening(problem, advice, clock),
  paragraphs.actionText(advice),
  paragraphs.details(problem, advice, clock),
  paragraphs.differencesText(problem),
  ...paragraphs.restorable(problem, clock),
  paragraphs.whatToDo(advice),
  paragraphs.logText(problem.logLines),
  paragraphs.rawText(problem.raw),
  paragraphs.linksText(problem.links),
];

/** Names all sources, has the details of the first, and each kind of advice once. */
const manyProblems = (
  problems: readonly AdvisedProblem[],
  title: string,
  place: Place,
  clock: ZoneClock,
): (string | undefined)[] => [
  ...listed(problems, title, place),
  ...problems.slice(0, DETAILED).flatMap((problem) => {
    const advice = adviceOf(problem, place);
    return [
      `--- ${cut(oneLine(problem.about), 60)} ---`,
      paragraphs.opening(problem, advice, clock),
      paragraphs.details(problem, advice, clock),
      paragraphs.differencesText(problem),
      ...paragraphs.restorable(problem, clock),
      paragraphs.logText(problem.logLines),
      paragraphs.rawText(problem.raw),
      paragraphs.linksText({ ...problem.links, runbook: undefined }),
    ];
  }),
  ...whatToDoOfAll(problems, place),
  paragraphs.linksText({ runbook: problems[0]!.links.runbook }),
];

/** An email about problems that are over. */
export function composeRecoveries(recoveries: readonly Recovery[], place: Place): Composed {
  const clock = clockOf(place.timeZone);
  const subject = recoverySubject(recoveries, clock);
  const rest = recoveries.some(isHalf) ? [] : ['There is nothing to do.'];
  const text = body([...recoveryText(recoveries, clock), ...rest, paragraphs.whereText(place, '')]);
  return fitting({ notification: { ...head(place), kind: 'recovered', subject, recoveries }, text });
}

/** An email about notes of backups that were made. */
export function composeNotes(notes: readonly NewNotes[], place: Place): Composed {
  const clock = clockOf(place.timeZone);
  const subject = noteSubject(notes, clock);
  const next = 'You are told once, and no more than once a day of each source. The notes stay in the manifests.';
  const text = body([...noteText(notes, place, clock), paragraphs.whereText(place, next)]);
  return fitting({ notification: { ...head(place), kind: 'note', subject, notes }, text });
}

/** Facts of a digest besides its rows. */
export interface DigestOptions {
  readonly often: DigestFrequency;
  /** Open problems of the housekeeping. */
  readonly housekeeping?: readonly OpenHousekeeping[];
}

/** An email about all sources, or about backups that were completed. */
export function composeDigest(
  rows: readonly DigestRow[],
  place: Place,
  { often, housekeeping = [] }: DigestOptions,
): Composed {
  const clock = clockOf(place.timeZone);
  const subject = digestSubject(rows, place, often, clock, housekeeping);
  const next = {
    off: '',
    each: 'You get this email after every backup.',
    daily: 'You get this email every day.',
    weekly: 'You get this email every week.',
  }[often];
  const text = body([...digestText(rows, often, clock, housekeeping), paragraphs.whereText(place, next)]);
  return fitting({ notification: { ...head(place), kind: 'digest', subject, digest: rows }, text });
}

/** Beginning of test emails. */
const TEST = [
  'THIS IS A TEST. Nothing happened, and there is nothing to do.',
  wrapped(
    'Somebody ran "npx proven-backups alarm test" to see whether emails arrive. The source and all facts below are invented.',
  ),
];

/** One email of each kind about an invented source, each marked as a test. */
export const testNotifications = (place: Place): Composed[] => {
  const { problems, recovery, rows, notes } = samples(place);
  const composed = [
    ...problems.map((problem) => composeProblems([problem], place)),
    composeRecoveries([recovery], place),
    composeDigest(rows, place, { often: 'daily' }),
    composeNotes(notes, place),
  ];
  return composed.map(({ notification, text }) => {
    const subject = testSubject(notification.subject);
    return { notification: { ...notification, test: true, subject }, text: body([...TEST, text.trimEnd()]) };
  });
};

/** Marks a subject. Its end, with the time, stays. */
function testSubject(text: string): string {
  const [, sentence, time] = /^(.*?)( \([^()]*\))?$/.exec(text)!;
  return `TEST ${cut(sentence!, SUBJECT_CHARACTERS - 5 - (time ?? '').length)}${time ?? ''}`;
}
