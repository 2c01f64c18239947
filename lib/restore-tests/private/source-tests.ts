import { Duration } from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';
import type { RestoreTestPlan } from '../../../catalog/contract/restore-tests';
import type { DatabaseBackupProps } from '../../backup/database-backup-props';
import { fault } from '../../private/fault';
import { RestoreTests } from '../restore-tests';

/** Two tests may fail to run before somebody is told, and each takes its time. */
const LATE = Duration.days(3).toSeconds();

/** When a source is tested. */
export interface SourceTests {
  readonly plan: RestoreTestPlan;
  /** Age of the newest proven backup above which something is wrong; none if nothing can be proven. Seconds. */
  readonly provenAgeSeconds?: number;
}

/** When a source is tested; `undefined` if nothing tests it. Tests are on by default. */
export function testsOf(
  scope: IConstruct,
  {
    restoreTest,
    restoreTesting,
    encryptTo,
    proveWith,
  }: Pick<DatabaseBackupProps, 'restoreTest' | 'restoreTesting' | 'encryptTo' | 'proveWith'>,
  allowedAge: Duration,
): SourceTests | undefined {
  const { plan, everySeconds = allowedAge.toSeconds() } = (restoreTest ?? RestoreTests.weekly())._bind(scope);
  if (!plan) return undefined;
  // Without a private key, tests check the stored bytes, and prove nothing.
  if (restoreTesting && encryptTo && !proveWith) return { plan };
  if (restoreTesting) return { plan, provenAgeSeconds: 2 * everySeconds + LATE };
  if (!restoreTest) return undefined;
  fault(scope, 'restoreTest needs restoreTesting, got: none: give a RestoreTesting in restoreTesting, or use Backups');
}
