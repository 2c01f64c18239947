/** Paragraphs of emails about many problems at once. */
import type { Problem } from '../../../catalog/contract/notification';
import { adviceOf } from '../advice/advice';
import { DETAILED } from './fitting';
import type { Place } from './place';
import { whatToDo } from './problem-text';
import { withoutStatements } from '../advice/statements';
import { capital, cut, oneLine, sentence, wrapped } from './text';

/** How many sources an email names one by one. */
const NAMED = 300;
/** And how many over the steps for some of them. */
const NAMED_AGAIN = 20;

/** Which sources it is about, before anything else. */
export function listed(problems: readonly Problem[], title: string): string[] {
  const [first] = problems;
  const same = problems.every(({ sentence: said }) => said === first!.sentence);
  const what = first!.source === undefined ? 'things' : 'sources';
  const names = problems
    .slice(0, NAMED)
    .map((problem) =>
      same ? oneLine(problem.about) : `${oneLine(problem.about)}: ${cut(withoutStatements(problem), 200)}`,
    );
  const left = problems.length - names.length;
  return [
    wrapped(
      `${capital(sentence(title))} This concerns ${problems.length} ${what}.${same ? ` All say: ${sentence(cut(withoutStatements(first!), 500))}` : ''}`,
    ),
    same ? wrapped(names.join(', ')) : names.map((name) => wrapped(name)).join('\n'),
    ...(left > 0 ? [`And ${left} more.`] : []),
    wrapped(problems.length > DETAILED ? `Details of the first ${DETAILED} follow.` : 'Details follow.'),
  ];
}

/** What to do: once for each kind of advice, with whom it is for. */
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
    const example =
      alike.length === 1 ? undefined : wrapped(`Where a command names ${name}, put in the others in turn.`);
    if (kinds.size === 1) return whatToDo(advice, '', example);
    return whatToDo(
      advice,
      `: ${kind}`,
      [wrapped(`For ${namesOf(alike)}.`), ...(example === undefined ? [] : [example])].join('\n'),
    );
  });
}

function namesOf(problems: readonly Problem[]): string {
  const names = problems.slice(0, NAMED_AGAIN).map(({ about }) => cut(oneLine(about), 60));
  const left = problems.length - names.length;
  return `${names.join(', ')}${left > 0 ? ` and ${left} more` : ''}`;
}
