import { Annotations, Stack, Tags, Token } from 'aws-cdk-lib';
import type { CfnLifecyclePolicy } from 'aws-cdk-lib/aws-dlm';
import { CfnInstance, CfnVolume } from 'aws-cdk-lib/aws-ec2';
import type { IConstruct } from 'constructs';
import type { DlmTag } from './dlm-checks';
import { fault } from '../../private/fault';

/** A checked target. */
export interface BoundSnapshotTarget {
  readonly resourceType: 'VOLUME' | 'INSTANCE';
  readonly tags: DlmTag[];
  /** Whether the tag is the construct's own: only resources that the app protects have it. */
  readonly ownTag: boolean;
  readonly parameters?: CfnLifecyclePolicy.ParametersProperty;
}

/** Tags that were added to resources. A second value would replace the first one, and end its snapshots. */
const GIVEN = new WeakMap<IConstruct, Map<string, DlmTag & { readonly by: IConstruct }>>();

/** Adds the tag that a policy looks for to a volume or an instance. */
export function tagTarget(scope: IConstruct, resource: IConstruct, { resourceType, tags }: BoundSnapshotTarget): void {
  const [tag] = tags as [DlmTag];
  const cfn = resource.node.defaultChild;
  if (!(cfn instanceof CfnVolume) && !(cfn instanceof CfnInstance)) {
    fault(
      scope,
      `protect takes a volume or an instance that is made in this app, got: ${resource.node.path}: tag it by hand, and give the tag in target`,
    );
  }
  requireSameRegion(scope, resource);
  requireFree(scope, resource, tag);
  if (cfn instanceof CfnVolume && resourceType === 'INSTANCE') {
    fault(
      scope,
      `protect takes an instance, as the target says, got: the volume ${resource.node.path}: give its instance, or use SnapshotTarget.volumes()`,
    );
  }
  if (cfn instanceof CfnInstance && resourceType === 'VOLUME') {
    cfn.propagateTagsToVolumeOnCreation = true;
    Annotations.of(resource).addWarningV2(
      'proven-backups:volumesOfInstance',
      `volumes get the tag ${tag.key} when the instance is created: tag those of an instance that exists by hand, or use SnapshotTarget.instances()`,
    );
  }
  Tags.of(resource).add(tag.key, tag.value, { includeResourceTypes: [cfn.cfnResourceType] });
}

function requireSameRegion(scope: IConstruct, resource: IConstruct): void {
  const [here, there] = [Stack.of(scope).region, Stack.of(resource).region];
  if (Token.isUnresolved(here) || Token.isUnresolved(there) || here === there) return;
  fault(
    scope,
    `protect takes what is in the policy's Region, ${here}, got: ${resource.node.path} in ${there}: make a VolumeSnapshots there`,
  );
}

function requireFree(scope: IConstruct, resource: IConstruct, tag: DlmTag): void {
  const given = GIVEN.get(resource) ?? new Map<string, DlmTag & { readonly by: IConstruct }>();
  GIVEN.set(resource, given);
  const other = given.get(tag.key);
  if (other !== undefined && other.value !== tag.value) {
    fault(
      scope,
      `tag ${tag.key} of ${resource.node.path} must have one value, got: "${tag.value}", and "${other.value}" for ${other.by.node.path}: give another tag in target`,
    );
  }
  given.set(tag.key, { ...tag, by: scope });
}
