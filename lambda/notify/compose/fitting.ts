import type { AdvisedProblem, Notification } from '../../../catalog/contract/notification';
import type { Composed } from './place';

/** SNS takes 262,144 bytes for all forms of a message together. */
const MESSAGE_BYTES = 255_000;
/** Problems whose details are told, in emails as well. */
export const DETAILED = 3;

const bytes = ({ notification, text }: Composed): number =>
  Buffer.byteLength(JSON.stringify({ default: JSON.stringify(notification), email: text }));

/** All but the first problems with less. */
const later = (
  { problems, ...rest }: Notification,
  less: (problem: AdvisedProblem) => AdvisedProblem,
): Notification => ({
  ...rest,
  problems: problems?.map((problem, index) => (index < DETAILED ? problem : less(problem))),
});

/** Name and sentence of a problem. */
const bare = ({ signal, cause, source, about, sentence, since, links }: AdvisedProblem): AdvisedProblem => ({
  signal,
  cause,
  source,
  about,
  sentence: sentence.slice(0, 200),
  since,
  likelyCause: '',
  next: [],
  links: { runbook: links.runbook },
});

/** Problems, recoveries or sources that are told at the very least. */
const SOME = 100;

/** Ways to make a notification smaller, the mildest first. */
const SMALLER: readonly ((notification: Notification) => Notification)[] = [
  (notification) => notification,
  // The first has the advice.
  (notification) =>
    later(notification, (problem) => ({
      ...problem,
      logLines: undefined,
      raw: undefined,
      pruned: undefined,
      next: [],
    })),
  (notification) => later(notification, bare),
  ({ problems, recoveries, digest, notes, ...rest }) => ({
    ...rest,
    problems: problems?.slice(0, SOME).map(bare),
    recoveries: recoveries?.slice(0, SOME),
    digest: digest?.slice(0, SOME).map((row) => ({ ...row, findings: [], notes: undefined })),
    notes: notes?.slice(0, SOME).map((one) => ({ ...one, notes: one.notes.slice(0, 1) })),
  }),
  (notification) => ({ ...notification, problems: undefined, recoveries: undefined, digest: undefined }),
];

/** Makes a notification fit into a message: less is better than none. */
export function fitting(composed: Composed): Composed {
  for (const smaller of SMALLER) {
    const one = { ...composed, notification: smaller(composed.notification) };
    if (bytes(one) <= MESSAGE_BYTES) return one;
  }
  const text = `${composed.text.slice(0, 30_000)}\n\n(The rest is too long for an email.)\n`;
  return { notification: SMALLER.at(-1)!(composed.notification), text };
}
