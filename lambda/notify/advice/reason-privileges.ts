import type { Problem } from '../../../catalog/contract/notification';
import { cut, oneLine } from '../compose/text';
import type { Step } from './advice-table';
import type { AdviceContext } from './context';
import { valuesOf } from './context';
import { page } from './links';
import type { ReasonTable } from './reason-advice';
import { logOf } from './steps';

/** Lines and characters of statements that an email shows. */
const LINES = 30;
const CHARACTERS = 8_000;

const statementsOf = (problem: Problem): readonly string[] => valuesOf(problem).statements ?? [];

/** The user lacks privileges. */
export const PRIVILEGE_REASONS: ReasonTable<'privileges-missing'> = {
  'privileges-missing': {
    title: 'the database user lacks privileges',
    happened: ({ account, privileges = [], database }) => {
      const missing = privileges.length === 0 ? 'privileges' : privileges.join(', ');
      return `${account === undefined ? 'the database user' : `user ${account}`} lacks ${missing}${database === undefined ? '' : ` in database ${database}`}`;
    },
    likelyCause:
      'The user lost privileges, or the database got something new that it may not read. A dump without them would be incomplete, so the run refuses to make one.',
    action: 'Grant the missing privileges to the database user.',
    steps: (context) => {
      const given = statementSteps(context);
      return [
        ...(given.length > 0
          ? given
          : [
              logOf(context, 'See what the database refused, in the log of the run:'),
              { say: 'As an administrator of the database, grant it to the database user.' },
            ]),
        { say: 'What each privilege is for:', run: page('privileges.md') },
      ];
    },
  },
};

/** The statements of all problems, as many as fit, and where the others are. */
function statementSteps(context: AdviceContext): Step[] {
  const several = context.alike.length > 1;
  const each = Math.max(1, Math.floor(LINES / context.alike.length));
  const lines: string[] = [];
  let left = 0;
  for (const problem of context.alike) {
    const shown: string[] = [];
    for (const statement of statementsOf(problem)) {
      const { length } = [...lines, ...shown, statement].join('');
      if (shown.length < each && lines.length < LINES && length <= CHARACTERS) shown.push(statement);
      else left++;
    }
    if (shown.length > 0) lines.push(...(several ? [commentFor(problem)] : []), ...shown);
  }
  const { database } = several ? {} : context.values;
  const where = several ? ' of each database' : database === undefined ? '' : `, connected to database ${database}`;
  return [
    ...(lines.length === 0 ? [] : [{ say: `Run as an administrator${where}:`, run: lines.join('\n') }]),
    ...(left === 0
      ? []
      : [
          logOf(
            context,
            `${lines.length === 0 ? 'The' : 'And'} ${left} ${lines.length === 0 ? 'statements to run' : 'more'}: in the log of the run, line "failed"${several ? ', of each source' : ''}:`,
            'failed',
          ),
        ]),
  ];
}

/** A comment, which may be pasted together with the statements. */
const commentFor = (problem: Problem): string => {
  const { database } = valuesOf(problem);
  return `-- ${cut(`${oneLine(problem.about)}${database === undefined ? '' : `, in database ${database}`}`, 66)}`;
};
