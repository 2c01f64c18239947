/** Paragraphs of emails about many problems at once. */
import type { Problem } from '../../../catalog/contract/notification';
import { countOf } from '../../../catalog/units';
import { groupBy } from '../../../catalog/group-by';
import { adviceOf } from '../advice/advice';
import type { Advice } from '../advice/advice-table';
import { DETAILED } from './fitting';
import type { Place } from './place';
import { actionText, detailOf, whatToDo } from './problem-text';
import { cut, oneLine, sentence, wrapped } from './text';

/** Sources that an email names one by one. */
const NAMED = 300;
/** Sources that are named again above their steps. */
const NAMED_AGAIN = 20;
/** Kinds of advice whose steps an email has. */
const KINDS = 20;

/** The common title of problems: that of their reason, or at least of their cause. */
export function commonTitle(problems: readonly Problem[], place: Place): string {
  const [first] = problems;
  const { title } = adviceOf(first!, place);
  if (problems.every((problem) => adviceOf(problem, place).title === title)) return title;
  return adviceOf({ ...first!, reason: undefined }, place).title;
}

/** The opening: names all sources, with the reason of each. */
export function listed(problems: readonly Problem[], title: string, place: Place): string[] {
  const [first] = problems;
  const said = problems.map((problem) => detailOf(problem, adviceOf(problem, place)));
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

const consequence = ({ signal }: Problem): string =>
  signal === 'failed' || signal === 'never-started' ? ' No backups of them were made.' : '';

/** What advice has to have in common for one text to fit several problems. Commands differ, since each names its source. */
const keyOf = ({ kind, likelyCause, action, steps }: Advice): string =>
  JSON.stringify([likelyCause, action, kind ?? steps.map(({ say }) => say)]);

/** The steps, once for each kind of advice, with the names of the sources. */
export function whatToDoOfAll(problems: readonly Problem[], place: Place): string[] {
  // That there are several is enough: advice about more takes longer to make.
  const several = problems.slice(0, 2);
  const kinds = [...groupBy(problems, (problem) => keyOf(adviceOf(problem, place, several))).values()];
  return kinds.map((alike, index) => {
    const [first] = alike;
    const advice = adviceOf(first!, place, alike);
    const name = cut(oneLine(first!.about), 40);
    const example = alike.length === 1 ? undefined : wrapped(`Commands name ${name}: repeat them with the others.`);
    const intro = [actionText(advice), ...(example === undefined ? [] : [example])];
    if (kinds.length === 1) return whatToDo(advice, '', intro.join('\n'));
    const named = [wrapped(`For ${namesOf(alike)}.`), ...intro].join('\n');
    return whatToDo(index < KINDS ? advice : { ...advice, steps: [] }, `: ${advice.title}`, named);
  });
}

function namesOf(problems: readonly Problem[]): string {
  const names = problems.slice(0, NAMED_AGAIN).map(({ about }) => cut(oneLine(about), 60));
  const left = problems.length - names.length;
  return `${names.join(', ')}${left > 0 ? ` and ${left} more` : ''}`;
}
