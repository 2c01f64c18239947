import type { AdvisedProblem, Notification } from '../../../catalog/contract/notification';
import type { Composed } from './place';

/** SNS takes 262,144 bytes for all forms of a message together. */
const MESSAGE_BYTES = 255_000;
/** Of how many problems everything is told, in emails as well. */
export const DETAILED = 3;

const bytes = ({ notification, text }: Composed): number =>
  Buffer.byteLength(JSON.stringify({ default: JSON.stringify(notification), email: text }));

/** All but the first problems, each with less. */
const later = (
  { problems, ...rest }: Notification,
  less: (problem: AdvisedProblem) => AdvisedProblem,
): Notification => ({
  ...rest,
  problems: problems?.map((problem, index) => (index < DETAILED ? problem : less(problem))),
});

/** What names a problem, and says what it is. */
const bare = ({ signal, cause, source, about, sentence, since, links }: AdvisedProblem): AdvisedProblem => ({
  ...{ signal, cause, source, about, sentence: sentence.slice(0, 200), since },
  ...{ likelyCause: '', next: [], links: { runbook: links.runbook } },
});

/** How many of each kind are told at the very least. */
const SOME = 100;

/** Ways to make a notification smaller, the mildest first. */
const SMALLER: readonly ((notification: Notification) => Notification)[] = [
  (notification) => notification,
  // The advice is that of the first.
  (notification) => later(notification, (problem) => ({ ...problem, logLines: undefined, raw: undefined, next: [] })),
  (notification) => later(notification, bare),
  ({ problems, recoveries, digest, ...rest }) => ({
    ...rest,
    problems: problems?.slice(0, SOME).map(bare),
    recoveries: recoveries?.slice(0, SOME),
    digest: digest?.slice(0, SOME).map((row) => ({ ...row, findings: [] })),
  }),
  (notification) => ({ ...notification, problems: undefined, recoveries: undefined, digest: undefined }),
];

/** What fits into a message: rather less in it than no message at all. */
export function fitting(composed: Composed): Composed {
  for (const smaller of SMALLER) {
    const one = { ...composed, notification: smaller(composed.notification) };
    if (bytes(one) <= MESSAGE_BYTES) return one;
  }
  const text = `${composed.text.slice(0, 30_000)}\n\n(The rest is left out: it is too long for an email.)\n`;
  return { notification: SMALLER.at(-1)!(composed.notification), text };
}
