import { Names } from 'aws-cdk-lib';
import type * as dynamodb from 'aws-cdk-lib/aws-dynamodb';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import type * as ecs from 'aws-cdk-lib/aws-ecs';
import * as iam from 'aws-cdk-lib/aws-iam';
import type * as lambda from 'aws-cdk-lib/aws-lambda';
import type * as logs from 'aws-cdk-lib/aws-logs';
import type * as scheduler from 'aws-cdk-lib/aws-scheduler';
import { Construct } from 'constructs';
import { RESTORE_TESTS_ENV, restoreTestsPath } from '../../catalog/contract/restore-tests';
import { proveFamily } from '../../catalog/contract/task';
import { BackupSchedule } from '../backup/backup-schedule';
import { Directory } from '../backup/private/directory';
import { wayOut } from '../backup/private/first-run';
import { grantFollow, grantRun, tasksIn } from '../backup/private/grant-run';
import { proveRole } from '../backup/private/roles';
import { TIMEOUT_BOUNDS } from '../backup/private/timeout';
import type { IBackupBucket } from '../bucket/backup-bucket-props';
import { grantCatalog } from '../bucket/private/grant-catalog';
import { acknowledgeWildcards } from '../private/acknowledge';
import { requireProps, requireRange, requireValue, secondsOf } from '../private/fault';
import { HandlerFunction } from '../private/handler-function';
import { handlerSchedule } from '../private/handler-schedule';
import type { InlineRole } from '../private/inline-role';
import { logGroupOf } from '../private/log-group';
import { memoryTable } from '../private/memory-table';
import { familyPrefix, roleArnOf, rolePath } from '../private/names';
import { parameterArns } from '../private/parameter-arns';
import { joined } from '../private/parameter-text';
import { requireRegion } from '../private/region';
import { ProveTasks, type TestedSource } from './private/prove-tasks';
import { TestSettings } from './private/test-settings';
import type { RestoreTestingProps } from './restore-testing-props';

/**
 * Tests backups of a bucket: starts, when one is due, a task that restores a backup into a throw-away server beside itself and
 * compares. The tests reach no database and read no secret.
 */
export class RestoreTesting extends Construct implements ec2.IConnectable {
  /** Bucket of the backups. */
  public readonly bucket: IBackupBucket;
  /** Function that starts what is due. */
  public readonly startFunction: lambda.Function;
  /** Schedule of that function. */
  public readonly schedule: scheduler.Schedule;
  /** Security group of the tests: nothing gets in, and only TLS gets out. */
  public readonly securityGroup: ec2.ISecurityGroup;
  /** Network connections of the tests. */
  public readonly connections: ec2.Connections;
  /** Remembers what was tried. */
  public readonly memory: dynamodb.Table;
  /** Log group of the tests and of the function. */
  public readonly logGroup: logs.ILogGroup;
  private readonly cluster: ecs.ICluster;
  private readonly tasks: ProveTasks;
  private readonly settings: TestSettings;
  private network?: { readonly subnets: string; readonly publicIp?: true };

  constructor(
    scope: Construct,
    id: string,
    private readonly props: RestoreTestingProps,
  ) {
    super(scope, id);
    requireProps(this, props, { bucket: true, cluster: true });
    const { bucket, cluster, maxAtOnce = 5 } = props;
    [this.bucket, this.cluster] = [bucket, cluster];
    requireRegion(this, 'bucket', bucket);
    requireValue(this, 'maxAtOnce', maxAtOnce);
    requireRange(this, 'maxAtOnce', maxAtOnce, { from: 1, to: 50 });
    const timeoutSeconds = secondsOf(this, 'timeout', props.timeout) ?? 12 * 3600;
    requireRange(this, 'timeout', timeoutSeconds, TIMEOUT_BOUNDS);
    this.logGroup = logGroupOf(this, props);
    this.memory = memoryTable(this, 'It remembers which tests were tried: lost, one is tried once more.');
    const path = rolePath(this, 'prove');
    const group = new ec2.SecurityGroup(this, 'SecurityGroup', {
      vpc: cluster.vpc,
      description: 'Restore tests',
      allowAllOutbound: false,
    });
    group.addEgressRule(ec2.Peer.anyIpv4(), ec2.Port.tcp(443), 'AWS');
    this.securityGroup = group;
    this.connections = new ec2.Connections({ securityGroups: [group] });
    this.tasks = new ProveTasks(this, this._familyPrefix, this.logGroup, path);

    const name = Names.uniqueResourceName(this, { maxLength: 100, separator: '-' });
    const settingsPath = restoreTestsPath(bucket.bucketName, name);
    this.settings = new TestSettings(this, settingsPath, () => ({
      bucket: bucket.bucketName,
      keyArn: bucket.encryptionKey.keyArn,
      cluster: cluster.clusterArn,
      ...this.network!,
      securityGroups: group.securityGroupId,
      logGroup: this.logGroup.logGroupName,
      rolePrefix: roleArnOf(this, path),
      maxAtOnce,
      timeoutSeconds,
    }));
    const start = new HandlerFunction(this, 'Start', {
      handler: 'restore-tests',
      description: 'Starts restore tests',
      environment: {
        [RESTORE_TESTS_ENV.settings]: settingsPath,
        [RESTORE_TESTS_ENV.memory]: this.memory.tableName,
      },
      logGroup: this.logGroup,
      invokedAsynchronously: true,
    });
    this.startFunction = start.function;
    this.grantStarting(start.role, settingsPath, roleArnOf(this, `${path}*`));
    Directory.of(this, bucket).addFunctions({ restoreTests: this.startFunction.functionName });
    this.schedule = handlerSchedule(this, start, {
      ...props,
      description: 'Starts restore tests that are due',
      schedule: BackupSchedule.cron('7 * * * ? *'),
    });
  }

  /**
   * Grants permission to test a backup now, with `proven-backups prove`: to start a test, and to follow it to its end.
   *
   * @param grantee the principal that tests, for example the role of those on duty
   */
  public grantInvoke(grantee: iam.IGrantable): iam.Grant {
    const { bucket, cluster, logGroup } = this;
    grantFollow(this, grantee, { bucket, cluster, logGroup });
    const { functionArn } = this.startFunction;
    return iam.Grant.addToPrincipal({ grantee, actions: ['lambda:InvokeFunction'], resourceArns: [functionArn] });
  }

  /**
   * Tests a source.
   *
   * @internal
   */
  public _addSource(source: TestedSource): void {
    const { name, plan } = source;
    this.network ??= this.networkOf(source);
    const { roleName: role } = proveRole(this, { bucket: this.bucket, repository: source.database.repository }, name);
    this.settings.add({ name, plan, role, family: this.tasks.familyOf(source) });
  }

  /**
   * Beginning of the families of the tests.
   *
   * @internal
   */
  public get _familyPrefix(): string {
    return familyPrefix(this);
  }

  private networkOf(source: TestedSource): { readonly subnets: string; readonly publicIp?: true } {
    const { vpcSubnets = source.vpcSubnets, assignPublicIp = source.assignPublicIp } = this.props;
    wayOut(this, this.cluster.vpc, vpcSubnets);
    const { subnetIds } = this.cluster.vpc.selectSubnets(vpcSubnets);
    const publicIp = assignPublicIp ?? vpcSubnets?.subnetType === ec2.SubnetType.PUBLIC;
    return { subnets: joined(subnetIds), ...(publicIp && { publicIp: true }) };
  }

  /** Lets the function see which backups there are, which tests run, and start more of them. */
  private grantStarting(role: InlineRole, settingsPath: string, roles: string): void {
    const { bucket, cluster } = this;
    const allow = (actions: string[], resources: string[], conditions?: iam.Conditions) =>
      role.addToPrincipalPolicy(new iam.PolicyStatement({ actions, resources, conditions }));
    grantCatalog(bucket, role);
    const parameters = parameterArns(this, settingsPath);
    allow(['ssm:GetParametersByPath'], parameters);
    allow(['dynamodb:GetItem', 'dynamodb:PutItem'], [this.memory.tableArn]);
    const ofCluster = { ArnEquals: { 'ecs:cluster': cluster.clusterArn } };
    allow(['ecs:ListTasks'], ['*'], ofCluster);
    allow(['ecs:DescribeTasks'], [tasksIn(this, cluster)], ofCluster);
    acknowledgeWildcards(role, 'ecs:ListTasks knows no tasks: the cluster is fixed.', ['*']);
    acknowledgeWildcards(role, 'The settings of all sources that it tests.', [parameters[1]]);
    grantRun(this, role, { cluster, family: proveFamily(this._familyPrefix, '*'), roleArns: [roles] });
  }
}
