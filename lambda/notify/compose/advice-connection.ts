import { LOGIN_KINDS } from './advice-login';
import { NETWORK_KINDS, UNKNOWN_KIND } from './advice-network';
import type { Advice } from './advice-table';
import type { Facts } from './facts';
import { logOf, runNow } from './facts';
import { page } from './links';
import { serverOf } from './server-of';

const KINDS = [...LOGIN_KINDS, ...NETWORK_KINDS];

/** The database was not reached, or refused the login: the program's words in parentheses say how. */
export function connectionAdvice(facts: Facts): Advice {
  const { sentence, logStream, logLines } = facts.problem;
  const kind = KINDS.find(({ says }) => says.test(sentence)) ?? UNKNOWN_KIND;
  const isUnread = kind === UNKNOWN_KIND && logStream !== undefined && logLines === undefined;
  return {
    title: 'the database was not reached, or refused the login',
    kind: kind.name,
    likelyCause: kind.likelyCause,
    steps: [
      ...(isUnread ? [logOf(facts, 'Read what the run says:', 'failed')] : []),
      ...kind.steps(facts, serverOf(facts)),
      { say: 'Each sentence, and what stands behind it:', run: page('troubleshooting.md#11-connection') },
      runNow(facts, 'When it is repaired, make a backup:'),
    ],
  };
}
