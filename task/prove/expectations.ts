import type { Manifest } from '../../catalog/bucket/manifest';
import type { ProofDifference } from '../../catalog/bucket/verdict';
import type { ScratchServer } from '../../engines/engine';
import { BackupError } from '../run/errors';
import type { Finding } from './findings';

type Expected = NonNullable<Manifest['expectations']>[number];

/**
 * Asks the restored server what the team expects of it.
 *
 * @param tables number of tables that it has
 */
export async function checkExpectations(
  expectations: readonly Expected[],
  server: Pick<ScratchServer, 'ask'>,
  tables: number,
): Promise<Finding> {
  const differences: ProofDifference[] = [];
  const unknown: string[] = [];
  for (const expectation of expectations) {
    const { kind, statement = kind, database, value } = expectation;
    const object = database === undefined ? statement : `${statement} (${database})`;
    const unmet = (found: Pick<ProofDifference, 'found' | 'said'>): ProofDifference => ({
      ...{ check: 'expectations', object, kind: 'unmet' },
      expected: kind === 'equals' ? String(value) : `at least ${value}`,
      ...found,
    });
    if (kind === 'tables') {
      if (tables < Number(value)) differences.push(unmet({ found: String(tables) }));
    } else if (kind === 'equals' || kind === 'at-least') {
      try {
        const answer = await server.ask(statement, database);
        if (!isMet(expectation, answer)) differences.push(unmet({ found: answer ?? 'NULL' }));
      } catch (error) {
        if (!(error instanceof BackupError) || isOfTheServer(error)) throw error;
        differences.push(unmet({ said: error.reason.said ?? error.message }));
      }
    } else unknown.push(object);
  }
  const compared = expectations.length - unknown.length;
  return { differences, compared, left: [{ why: 'not-supported', objects: unknown }] };
}

const isMet = ({ kind, value }: Expected, answer: string | null): boolean => {
  if (answer === null) return false;
  return kind === 'equals' ? answer === String(value) : answer.trim() !== '' && Number(answer) >= Number(value);
};

/** The server is not there any more: that is no answer. */
const isOfTheServer = ({ exit }: BackupError): boolean => exit === 'connection' || exit === 'notTested';
