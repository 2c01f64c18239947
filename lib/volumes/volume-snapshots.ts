import { Duration, Names } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import { CfnLifecyclePolicy } from 'aws-cdk-lib/aws-dlm';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import type * as iam from 'aws-cdk-lib/aws-iam';
import type * as kms from 'aws-cdk-lib/aws-kms';
import type { IConstruct } from 'constructs';
import { Construct } from 'constructs';
import { SNAPSHOT_SOURCE_TAG } from '../../catalog/bucket/names';
import { asDlmText, requireCount, requireDistinct, requireText } from './private/dlm-checks';
import { grantKey, grantScripts, grantSnapshots, snapshotRole } from './private/dlm-role';
import type { BoundSnapshotTarget } from './private/dlm-target';
import { tagTarget } from './private/dlm-target';
import { fault, requireProps } from '../private/fault';
import { requireSourceName } from '../private/source-name';
import { requireKey } from '../bucket/private/key';
import { sourceNameOf } from '../backup/private/source-registry';
import { SnapshotTarget } from './snapshot-target';
import type { VolumeSnapshotsProps } from './volume-snapshots-props';

/**
 * Snapshots of EBS volumes by Data Lifecycle Manager. Without scripts, a snapshot is crash-consistent, like a disk after a
 * power failure. Snapshots are not proven: test by hand that a volume restored from one works.
 */
export class VolumeSnapshots extends Construct implements iam.IGrantable {
  /** Name of the source. */
  public readonly sourceName: string;
  /** Role of Data Lifecycle Manager. */
  public readonly role: iam.IRole;
  /** Principal of the role. */
  public readonly grantPrincipal: iam.IPrincipal;
  /** Id of the policy. */
  public readonly policyId: string;
  /** ARN of the policy. */
  public readonly policyArn: string;
  private readonly target: BoundSnapshotTarget;
  private readonly keys = new Set<kms.IKey>();
  private protects = false;

  constructor(scope: Construct, id: string, props: VolumeSnapshotsProps) {
    super(scope, id);
    requireProps(this, props, { schedules: true });
    this.sourceName = this.checkedSourceName(props.sourceName ?? sourceNameOf(id));
    // Each policy has its own tag key, because a volume may be the target of several policies.
    const ownTag = `proven-backups:snapshots:${Names.uniqueResourceName(this, { maxLength: 96, separator: '-' })}`;
    this.target = (props.target ?? SnapshotTarget.volumes())._bind(this, { [ownTag]: 'true' });
    const schedules = this.boundSchedules(props);
    const description = props.description ?? asDlmText(`Snapshots of ${this.node.path}`, 500);
    requireText(this, 'description', description, 500);

    this.role = props.role ?? snapshotRole(this);
    this.grantPrincipal = this.role.grantPrincipal;
    grantSnapshots(this, this.role, this.target.resourceType === 'INSTANCE');
    const options = props.schedules.map(({ _options }) => _options);
    grantScripts(
      this,
      this.role,
      options.flatMap(({ scripts }) => scripts ?? []),
    );
    const copies = options.flatMap(({ crossRegionCopies }) => crossRegionCopies ?? []);
    for (const key of [
      ...(props.encryptionKeys ?? []),
      ...copies.flatMap(({ encryptionKey }) => encryptionKey ?? []),
    ]) {
      this.allowKey(key);
    }

    const policy = new CfnLifecyclePolicy(this, 'Resource', {
      description,
      state: (props.enabled ?? true) ? 'ENABLED' : 'DISABLED',
      executionRoleArn: this.role.roleArn,
      policyDetails: {
        policyType: 'EBS_SNAPSHOT_MANAGEMENT',
        resourceTypes: [this.target.resourceType],
        targetTags: this.target.tags,
        parameters: this.target.parameters,
        schedules,
      },
    });
    // After the role's own policies: DLM takes the role as it is.
    if (props.role !== undefined) policy.node.addDependency(props.role);
    this.policyId = policy.ref;
    this.policyArn = policy.attrArn;
    this.node.addValidation({ validate: () => this.unprotected() });
  }

  /**
   * Adds a volume or an instance: gives it the tag that the policy looks for, and grants the role the use of the volume's
   * key.
   *
   * @param resource an `ec2.Volume` or `ec2.Instance` of this app; imported ones need the tag of `target`
   */
  public protect(resource: IConstruct): VolumeSnapshots {
    tagTarget(this, resource, this.target);
    if (resource instanceof ec2.Volume && resource.encryptionKey !== undefined) this.allowKey(resource.encryptionKey);
    this.protects = true;
    return this;
  }

  /**
   * A metric of the policy.
   *
   * @default - sum over one hour
   */
  public metric(metricName: string, props?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return new cloudwatch.Metric({
      namespace: 'AWS/EBS',
      metricName,
      dimensionsMap: { DLMPolicyId: this.policyId },
      period: Duration.hours(1),
      statistic: cloudwatch.Stats.SUM,
      ...props,
    });
  }

  /**
   * Number of volumes or instances that the policy found by their tag. 0 means that none has the tag.
   *
   * @default - maximum over one hour
   */
  public metricResourcesTargeted(props?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return this.metric('ResourcesTargeted', { statistic: cloudwatch.Stats.MAXIMUM, ...props });
  }

  /**
   * Number of snapshots that were made.
   *
   * @default - sum over one hour
   */
  public metricSnapshotsCreateCompleted(props?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return this.metric('SnapshotsCreateCompleted', props);
  }

  /**
   * Number of snapshots that could not be made within an hour of retries.
   *
   * @default - sum over one hour
   */
  public metricSnapshotsCreateFailed(props?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return this.metric('SnapshotsCreateFailed', props);
  }

  /**
   * Number of snapshots that could not be deleted.
   *
   * @default - sum over one hour
   */
  public metricSnapshotsDeleteFailed(props?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return this.metric('SnapshotsDeleteFailed', props);
  }

  /**
   * Number of copies to other Regions that failed.
   *
   * @default - sum over one hour
   */
  public metricSnapshotsCopiedRegionFailed(props?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return this.metric('SnapshotsCopiedRegionFailed', props);
  }

  private checkedSourceName(name: string): string {
    requireSourceName(this, 'sourceName', name, ': give another one in sourceName');
    return name;
  }

  private boundSchedules(props: VolumeSnapshotsProps): CfnLifecyclePolicy.ScheduleProperty[] {
    requireCount(this, 'schedules', props.schedules, 1, 4);
    const context = {
      instances: this.target.resourceType === 'INSTANCE',
      copyTags: props.copyTags ?? true,
      tags: props.tagsToAdd ?? {},
      sourceTag: { [SNAPSHOT_SOURCE_TAG]: this.sourceName },
    };
    const schedules = props.schedules.map((schedule) => schedule._bind(this, context));
    requireDistinct(
      this,
      'names of snapshot schedules',
      schedules.map(({ name }) => name),
    );
    const [first, ...others] = schedules;
    const other = others.find(({ retention }) => retention !== first!.retention);
    if (other !== undefined) {
      fault(
        this,
        `schedules must all keep by count, or all by age, got: "${first!.name}" by ${first!.retention} and "${other.name}" by ${other.retention}: make another VolumeSnapshots`,
      );
    }
    const archiving = schedules.filter(({ property }) => property.archiveRule !== undefined);
    if (archiving.length > 1) {
      const names = archiving.map(({ name }) => `"${name}"`).join(' and ');
      fault(this, `archiveRetention must be for one schedule of a policy, got: ${names}: make another VolumeSnapshots`);
    }
    return schedules.map(({ property }) => property);
  }

  private allowKey(key: kms.IKey): void {
    // Every principal with access to EBS may use the account's default key.
    if (this.keys.has(key) || key.keyArn.endsWith(':alias/aws/ebs')) return;
    requireKey(this, 'encryptionKey of a volume', key);
    this.keys.add(key);
    grantKey(this.role, key);
  }

  private unprotected(): string[] {
    if (!this.target.ownTag || this.protects) return [];
    return ['no volume and no instance carries the tag of this policy: call protect(…), or give tags in target'];
  }
}
