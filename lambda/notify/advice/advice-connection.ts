import { LOGIN_KINDS } from './reason-login';
import { NETWORK_KINDS, UNKNOWN_KIND } from './reason-network';
import type { Advice } from './advice-table';
import type { Facts } from './steps';
import { runNow, unreadLog } from './steps';
import { page } from './links';
import { serverOf } from './server-of';

const KINDS = [...LOGIN_KINDS, ...NETWORK_KINDS];

/** The database was not reached, or refused the login: the program's words in parentheses say how. */
export function connectionAdvice(facts: Facts): Advice {
  const kind = KINDS.find(({ says }) => says.test(facts.problem.sentence)) ?? UNKNOWN_KIND;
  return {
    title: 'the database was not reached, or refused the login',
    kind: kind.name,
    likelyCause: kind.likelyCause,
    steps: [
      ...unreadLog(facts),
      ...kind.steps(facts, serverOf(facts)),
      { say: 'Each sentence, and what stands behind it:', run: page('troubleshooting.md#11-connection') },
      runNow(facts, 'When it is repaired, make a backup:'),
    ],
  };
}
