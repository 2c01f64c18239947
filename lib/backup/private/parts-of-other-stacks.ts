import { CfnResource, Stack } from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';
import type { DatabaseBackupProps } from '../database-backup-props';
import { fault } from '../../private/fault';

/**
 * Properties of a backup beside the alarms of another stack. Alarms name the log group, the queue and the schedule group
 * of what they watch: where the stack of the backup needs theirs, these cannot be its own, or neither could be deployed
 * first.
 */
export function withPartsOfAlarms(scope: IConstruct, props: DatabaseBackupProps): DatabaseBackupProps {
  const { alarms, bucket, cluster, logGroup, deadLetterQueue, scheduleGroup } = props;
  if (alarms === undefined || Stack.of(alarms) === Stack.of(scope)) return props;
  const named = { logGroup, deadLetterQueue, scheduleGroup };
  const needed = [bucket.bucket, cluster, cluster.vpc, ...Object.values(named)];
  if (!needed.some((part) => isOf(Stack.of(alarms), part))) return props;
  for (const [what, part] of Object.entries(named)) {
    if (!part || !isOf(Stack.of(scope), part)) continue;
    const [here, there] = [scope, alarms].map((construct) => Stack.of(construct).node.path);
    fault(
      scope,
      `${what} must not be of the stack ${here}, which needs the stack of the alarms, ${there}, that would have to name it, got: ${part.node.path}: leave it out, or create it in ${there}`,
    );
  }
  return {
    ...props,
    logGroup: logGroup ?? alarms.logGroup,
    deadLetterQueue: deadLetterQueue ?? alarms.deadLetterQueue,
  };
}

/**
 * Refuses a repository of files that the restore tests of another stack would have to name, if this stack needs theirs: neither could
 * be deployed first.
 */
export function requireTestable(
  scope: IConstruct,
  props: DatabaseBackupProps,
  repository: IConstruct | undefined,
): void {
  const { restoreTesting, bucket, cluster } = props;
  if (!restoreTesting || !repository) return;
  const [here, there] = [scope, restoreTesting].map((construct) => Stack.of(construct)) as [Stack, Stack];
  if (here === there || Stack.of(repository) !== here) return;
  if (![bucket.bucket, cluster, cluster.vpc].some((part) => isOf(there, part))) return;
  fault(
    scope,
    `the FilesRepository must not be of the stack ${here.node.path}, which needs the stack of restoreTesting, ${there.node.path}, that would have to name it, got: ${repository.node.path}: create it in ${there.node.path}`,
  );
}

/** Whether a stack creates something, which is named by a reference to the stack then. */
const isOf = (stack: Stack, part: IConstruct | undefined): boolean => {
  const resource = part?.node.defaultChild;
  return resource !== undefined && CfnResource.isCfnResource(resource) && Stack.of(resource) === stack;
};
