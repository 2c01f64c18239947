/** Log groups, and the file systems of databases that are files. */
import type { AccessPointDescription, MountTargetDescription } from '@aws-sdk/client-efs';
import { DescribeAccessPointsCommand, DescribeMountTargetsCommand, EFSClient } from '@aws-sdk/client-efs';
import { check } from '../check';
import { efsOf } from '../deployment';
import type { Fact, Finding, Thing } from '../finding';
import { DEPLOY, failed, judge, ok, unanswered, valueOf } from '../finding';

export const logs = check(
  'logs',
  'the log groups are there',
  async (deployment) => {
    return [...unanswered(await deployment.functions()), ...(await deployment.logGroups())];
  },
  judgeLogs,
);

/** ECS starts no task whose log it cannot open. */
export function judgeLogs(found: readonly Thing<object>[]): Finding[] {
  return found.flatMap((group) =>
    judge(group, (value, of) => (value ? ok(of, 'is there') : failed(of, 'the log group does not exist', DEPLOY))),
  );
}

/** An access point, and the mount targets of its file system. */
export interface FileFacts extends Thing<AccessPointDescription> {
  readonly mounts: Fact<readonly MountTargetDescription[]>;
}

export const fileSystems = check(
  'file-systems',
  'the file systems of the databases can be mounted',
  async (deployment): Promise<FileFacts[]> => {
    const tasks = await deployment.tasks();
    const client = deployment.aws.client(EFSClient);
    const describe = async (AccessPointId: string) =>
      (await client.send(new DescribeAccessPointsCommand({ AccessPointId }))).AccessPoints?.[0];
    const list = (AccessPointId: string) => async () =>
      (await client.send(new DescribeMountTargetsCommand({ AccessPointId }))).MountTargets;
    const ids = tasks.flatMap(({ fact }) => efsOf(valueOf(fact))?.authorizationConfig?.accessPointId ?? []);
    const action = 'elasticfilesystem:DescribeAccessPoints';
    const points = await deployment.each(ids, action, describe, 'AccessPointNotFound');
    return Promise.all(
      [...unanswered(tasks), ...points].map(async (point) => {
        const mounts = await deployment.thing(point.of, 'elasticfilesystem:DescribeMountTargets', list(point.of));
        return { ...point, mounts: mounts.fact };
      }),
    );
  },
  judgeFileSystems,
);

/** Both ends have to be available. */
export function judgeFileSystems(found: readonly FileFacts[]): Finding[] {
  return found.flatMap((point) =>
    judge(point, (description, of) => {
      const state = description?.LifeCycleState;
      if (state !== 'available')
        return failed(of, `the access point ${state ? `is ${state}` : 'does not exist'}`, DEPLOY);
      return judge({ of, fact: point.mounts }, (mounts = []) =>
        mounts.some(({ LifeCycleState }) => LifeCycleState === 'available')
          ? ok(of, 'is available')
          : failed(
              of,
              `no mount target of ${description!.FileSystemId} is available`,
              'create one in each Availability Zone of the subnets of the task',
            ),
      );
    }),
  );
}
