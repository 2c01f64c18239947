/** Paragraphs of emails about many problems at once. */
import type { Problem } from '../../../catalog/contract/notification';
import { countOf } from '../../../catalog/units';
import { adviceOf } from '../advice/advice';
import { DETAILED } from './fitting';
import type { Place } from './place';
import { actionText, whatToDo } from './problem-text';
import { cut, oneLine, sentence, wrapped } from './text';

/** Sources that an email names one by one. */
const NAMED = 300;
/** Sources that are named again above their steps. */
const NAMED_AGAIN = 20;

/** The common title of problems: that of their reason, or at least of their cause. */
export function commonTitle(problems: readonly Problem[], place: Place): string {
  const [first] = problems;
  const { title, kind } = adviceOf(first!, place);
  if (problems.every((problem) => adviceOf(problem, place).kind === kind)) return title;
  return adviceOf({ ...first!, reason: undefined }, place).title;
}

/** The opening: names all sources, with the reason of each. */
export function listed(problems: readonly Problem[], title: string, place: Place): string[] {
  const [first] = problems;
  const said = problems.map((problem) => happenedTo(problem, place));
  const same = said.every((one) => one === said[0]);
  const what = countOf(problems.length, first!.source === undefined ? 'problem' : 'source');
  const names = problems
    .slice(0, NAMED)
    .map((problem, index) => (same ? oneLine(problem.about) : `${oneLine(problem.about)}: ${cut(said[index]!, 200)}`));
  const left = problems.length - names.length;
  return [
    wrapped(`${what}: ${sentence(same ? cut(said[0]!, 500) : title)}${consequence(first!)}`),
    same ? wrapped(names.join(', ')) : names.map((name) => wrapped(name)).join('\n'),
    ...(left > 0 ? [`And ${left} more.`] : []),
    wrapped(problems.length > DETAILED ? `Details of the first ${DETAILED} follow.` : 'Details follow.'),
  ];
}

/** The reason of one problem among others. */
function happenedTo(problem: Problem, place: Place): string {
  const { happened, title, kind } = adviceOf(problem, place);
  return happened ?? (problem.reason && kind !== undefined ? title : oneLine(problem.sentence));
}

const consequence = ({ signal }: Problem): string =>
  signal === 'failed' || signal === 'never-started' ? ' No backups of them were made.' : '';

/** The steps, once for each kind of advice, with the names of the sources. */
export function whatToDoOfAll(problems: readonly Problem[], place: Place): string[] {
  const kinds = new Map<string, Problem[]>();
  for (const problem of problems) {
    const { kind = '' } = adviceOf(problem, place);
    kinds.set(kind, [...(kinds.get(kind) ?? []), problem]);
  }
  return [...kinds].map(([kind, alike]) => {
    const [first] = alike;
    const advice = adviceOf(first!, place, alike);
    const name = cut(oneLine(first!.about), 40);
    const example = alike.length === 1 ? undefined : wrapped(`Commands name ${name}: repeat them with the others.`);
    const intro = [actionText(advice), ...(example === undefined ? [] : [example])];
    if (kinds.size === 1) return whatToDo(advice, '', intro.join('\n'));
    return whatToDo(
      advice,
      `: ${kind === '' ? 'the others' : advice.title}`,
      [wrapped(`For ${namesOf(alike)}.`), ...intro].join('\n'),
    );
  });
}

function namesOf(problems: readonly Problem[]): string {
  const names = problems.slice(0, NAMED_AGAIN).map(({ about }) => cut(oneLine(about), 60));
  const left = problems.length - names.length;
  return `${names.join(', ')}${left > 0 ? ` and ${left} more` : ''}`;
}
