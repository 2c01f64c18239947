import type { Problem } from '../../../catalog/contract/notification';
import type { Advice } from './advice-table';
import type { Facts, Step } from './steps';
import { logOf, runNow } from './steps';
import { page } from './links';
import { statementsOf } from './statements';
import { cut, oneLine } from '../compose/text';

/** Lines and characters of statements that an email shows. */
const LINES = 30;
const CHARACTERS = 8_000;

const NO_SUBSCRIPTIONS = /--no-subscriptions/;

/** The user lacks privileges: the statements of all that fit. */
export function privilegesAdvice(facts: Facts): Advice {
  const common = {
    title: 'the database user lacks privileges',
    likelyCause:
      'The database user may not read all that a complete dump needs. The run refuses to make an incomplete one. Most often the database got something new, such as a trigger, a routine or a schema.',
  };
  const { sentence } = facts.problem;
  const after = [{ say: 'What each privilege is for:', run: page('privileges.md') }, runNow(facts)];
  if (statementsOf(facts.problem) !== undefined)
    return { ...common, kind: 'statements that grant what is missing', steps: [...statementSteps(facts), ...after] };
  if (NO_SUBSCRIPTIONS.test(sentence)) {
    const steps = [
      { say: 'Add --no-subscriptions to extraDumpArguments of the database, and deploy.' },
      {
        say: 'Note down how each was made: they will not be in the dump. As an administrator:',
        run: 'SELECT subname, subpublications FROM pg_subscription;',
      },
    ];
    return {
      ...common,
      kind: 'subscriptions',
      likelyCause:
        'Subscriptions of PostgreSQL, which only a superuser can dump. The run refuses to leave them out without being told to.',
      steps: [...steps, runNow(facts)],
    };
  }
  return {
    ...common,
    kind: 'what is missing, its log says',
    steps: [
      logOf(facts, 'Read what the database refused, in the log of the run:'),
      { say: 'Grant it to the user of the backup, as an administrator of the database.' },
      ...after,
    ],
  };
}

function statementSteps(facts: Facts): Step[] {
  const several = facts.alike.length > 1;
  const each = Math.max(1, Math.floor(LINES / facts.alike.length));
  const lines: string[] = [];
  let [left, cutOff] = [0, false];
  for (const problem of facts.alike) {
    const { whole, more } = statementsOf(problem)!;
    cutOff ||= more;
    const shown: string[] = [];
    for (const statement of whole) {
      const length = [...lines, ...shown, statement].join('').length;
      if (shown.length < each && lines.length < LINES && length <= CHARACTERS) shown.push(statement);
      else left++;
    }
    if (shown.length > 0) lines.push(...(several ? headOf(problem) : []), ...shown);
  }
  const database = several ? undefined : statementsOf(facts.problem)!.database;
  const where = database === undefined ? '' : `, connected to database ${oneLine(database)}`;
  const steps: Step[] =
    lines.length === 0
      ? []
      : [{ say: `Run as an administrator${several ? ' of each database' : where}:`, run: lines.join('\n') }];
  if (left === 0 && !cutOff) return steps;
  const how = left === 0 ? 'more' : `${cutOff ? 'at least ' : ''}${left} more`;
  const what = lines.length === 0 ? 'The statements to run:' : `And ${how}:`;
  return [
    ...steps,
    logOf(facts, `${what} see the log of the run, line "failed"${several ? ', of each source' : ''}:`, 'failed'),
  ];
}

/** A comment, which may be pasted with the statements. */
const headOf = (problem: Problem): string[] => {
  const { database } = statementsOf(problem)!;
  return [
    `-- ${cut(`${oneLine(problem.about)}${database === undefined ? '' : `, in database ${oneLine(database)}`}`, 66)}`,
  ];
};
