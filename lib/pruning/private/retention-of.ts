import { Stack } from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';
import type { DatabaseBackupProps } from '../../backup/database-backup-props';
import { Retention } from '../retention';
import { fault } from '../../private/fault';

/** Retention of a backup, checked against its pruning. */
export function retentionOf(scope: IConstruct, { bucket, pruning, retention }: DatabaseBackupProps): Retention {
  if (pruning === undefined) {
    if (retention === undefined) return Retention.forever();
    fault(scope, 'retention needs something that prunes, got: none: give a BackupPruning in pruning, or use Backups');
  }
  const names = [bucket, pruning.bucket].map(({ bucketName }) => JSON.stringify(Stack.of(scope).resolve(bucketName)));
  if (bucket !== pruning.bucket && names[0] !== names[1]) {
    fault(
      scope,
      `pruning must be of the bucket ${bucket.node.path}, got: one of ${pruning.bucket.node.path}: give it the same bucket`,
    );
  }
  const kept = retention ?? Retention.oneYear();
  // Bound here so that an error names this backup, not its pruning.
  kept._bind(scope);
  return kept;
}
