/** Policies of Data Lifecycle Manager that make snapshots for sources. */
import type { LifecyclePolicy } from '@aws-sdk/client-dlm';
import { DLMClient, GetLifecyclePoliciesCommand, GetLifecyclePolicyCommand } from '@aws-sdk/client-dlm';
import { SNAPSHOT_SOURCE_TAG } from '../../../../catalog/bucket/names';
import { mapParallel } from '../../../../catalog/parallel';
import { check } from '../check';
import type { Finding, Thing } from '../finding';
import { failed, judge, ok, warning } from '../finding';

const WIDTH = 4;

export const snapshotPolicies = check(
  'snapshot-policies',
  'the policies of volume snapshots work',
  async (deployment): Promise<Thing<LifecyclePolicy[]>> => {
    const client = deployment.aws.client(DLMClient);
    const read = async () => {
      const { Policies = [] } = await client.send(new GetLifecyclePoliciesCommand({}));
      const found = await mapParallel(Policies, WIDTH, ({ PolicyId }) =>
        client.send(new GetLifecyclePolicyCommand({ PolicyId })),
      );
      return found.flatMap(({ Policy }) => Policy ?? []);
    };
    const action = 'dlm:GetLifecyclePolicies and dlm:GetLifecyclePolicy';
    return deployment.thing('policies of Data Lifecycle Manager', action, read);
  },
  judgeSnapshotPolicies,
);

/** Those of other people carry no tag of ours. */
export function judgeSnapshotPolicies(found: Thing<LifecyclePolicy[]>): Finding[] {
  return judge(found, (policies = []) =>
    policies.filter(isOurs).map(({ PolicyId = '', State, StatusMessage }) => {
      if (State === 'ENABLED') return ok(PolicyId, 'is enabled');
      const enable = `aws dlm update-lifecycle-policy --policy-id ${PolicyId} --state ENABLED`;
      return State === 'ERROR'
        ? failed(
            PolicyId,
            `the policy is in error: ${StatusMessage}`,
            `mend it: docs/volume-snapshots.md, then ${enable}`,
          )
        : warning(PolicyId, 'the policy is disabled: it makes no snapshots', enable);
    }),
  );
}

const isOurs = ({ PolicyDetails }: LifecyclePolicy): boolean =>
  (PolicyDetails?.Schedules ?? []).some(({ TagsToAdd = [] }) =>
    TagsToAdd.some(({ Key }) => Key === SNAPSHOT_SOURCE_TAG),
  );
