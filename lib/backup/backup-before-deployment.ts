import { CfnResource, CfnWaitCondition, CfnWaitConditionHandle, Duration, Fn, Names, Stack } from 'aws-cdk-lib';
import * as events from 'aws-cdk-lib/aws-events';
import * as targets from 'aws-cdk-lib/aws-events-targets';
import * as iam from 'aws-cdk-lib/aws-iam';
import { Construct, Dependable } from 'constructs';
import type { DeploymentProperties } from '../../catalog/contract/handlers';
import { DEPLOYMENT_ENV } from '../../catalog/contract/handlers';
import { acknowledgeLogs } from '../private/acknowledge';
import { fault, requireProps, requireValue } from '../private/fault';
import { HandlerFunction } from '../private/handler-function';
import type { BackupBeforeDeploymentProps } from './backup-before-deployment-props';
import type { DatabaseBackup } from './database-backup';
import { Directory } from './private/directory';
import { Fingerprint } from './private/fingerprint';
import { grantManifests } from './private/grant-manifests';

/** The longest that a wait condition waits: 12 hours. */
const LONGEST_SECONDS = 43_200;
/** Reading a directory, starting tasks and answering takes seconds. */
const START_TIMEOUT = Duration.minutes(5);
/** IAM gives the policies of a role 10,240 characters; the permissions to start one backup take about a thousand. */
const MOST_BACKUPS = 7;
/** Longest beginning of the names of its resources. */
const NAME_LENGTH = 60;

/**
 * Backs up databases before an update of a stack changes what waits for it. If a backup fails, the update fails, and
 * CloudFormation rolls it back.
 *
 * Three resources have new names in each deployment that changes the stack: a custom resource, which starts the tasks; a
 * wait condition, which waits for their ends for up to 12 hours; and its handle. A rollback only deletes them, and so starts
 * no backup. While another run of a database is under way, the new one waits for its end.
 */
export class BackupBeforeDeployment extends Construct {
  private readonly condition: CfnWaitCondition;

  constructor(scope: Construct, id: string, props: BackupBeforeDeploymentProps) {
    super(scope, id);
    requireProps(this, props, { backups: true });
    if (props.deploymentId !== undefined) {
      requireValue(this, 'deploymentId', props.deploymentId);
      if (props.deploymentId.trim() === '') {
        fault(
          this,
          'deploymentId must be a text that each deployment has another one of, got: an empty one: with it, no backup would be made; check the variable that it comes from, or leave it out',
        );
      }
    }
    const backups = [...new Set(props.backups)];
    const [first] = backups;
    if (!first) fault(this, 'backups must name at least one backup, got: none');
    if (backups.length > MOST_BACKUPS) {
      fault(
        this,
        `backups must be at most ${MOST_BACKUPS}, whose permissions fit into one role, got: ${backups.length}: share them among several BackupBeforeDeployment, each with the same executeBefore`,
      );
    }
    const onInstance = backups.find(({ documentName }) => documentName !== undefined);
    if (onInstance) {
      fault(
        this,
        `backups must be made by tasks of Fargate, got: ${onInstance.node.path}, which runs on an instance: use proven-backups run --trigger before-deployment`,
      );
    }
    const stack = Stack.of(this);
    if (stack.nested) {
      fault(
        this,
        `the stack must not be a nested one, got: ${stack.node.path}: create it in the stack around that, and let the nested stack wait: executeBefore(nestedStack)`,
      );
    }
    const names = Names.uniqueResourceName(this, { maxLength: NAME_LENGTH });
    const [run, handle, condition] = ['Run', 'Handle', 'Condition'].map((part) => `${names}${part}`) as [
      string,
      string,
      string,
    ];
    const sources = backups.map(({ bucket, sourceName }) => ({ bucket: bucket.bucketName, source: sourceName }));
    // Of this construct in this stack alone, whatever its account holds.
    const startedBy = `proven-backups/${Fn.select(2, Fn.split('/', stack.stackId))}/${this.node.addr.slice(-12)}/`;

    const handler = new HandlerFunction(this, 'Function', {
      handler: 'before-deployment',
      description: 'Backs up before a deployment',
      environment: {
        [DEPLOYMENT_ENV.backups]: stack.toJsonString(sources),
        [DEPLOYMENT_ENV.stack]: stack.stackId,
        [DEPLOYMENT_ENV.handle]: handle,
        [DEPLOYMENT_ENV.startedBy]: startedBy,
      },
      logGroup: props.logGroup ?? first.logGroup,
      timeout: START_TIMEOUT,
    });
    this.grant(handler, backups);
    const ended = new events.Rule(this, 'Ended', {
      description: 'Backups before a deployment that ended',
      eventPattern: {
        source: ['aws.ecs'],
        detailType: ['ECS Task State Change'],
        detail: { lastStatus: ['STOPPED'], startedBy: [{ prefix: startedBy }] },
      },
      targets: [new targets.LambdaFunction(handler.function)],
    });

    const url = new CfnWaitConditionHandle(this, 'Handle');
    const properties: DeploymentProperties = { Handle: url.ref, OnCreate: props.onCreate ? 'true' : 'false' };
    const start = new CfnResource(this, 'Run', {
      type: 'Custom::BackupBeforeDeployment',
      properties: {
        ServiceToken: handler.function.functionArn,
        ServiceTimeout: START_TIMEOUT.toSeconds(),
        ...properties,
      },
    });
    start.node.addDependency(handler, ended);
    for (const backup of backups) start.node.addDependency(backup, Directory.of(backup, backup.bucket));
    this.condition = new CfnWaitCondition(this, 'Condition', {
      handle: url.ref,
      timeout: `${LONGEST_SECONDS}`,
      count: backups.length,
    });
    this.condition.node.addDependency(start);
    const own = [props.deploymentId ?? 'template', properties.OnCreate, ...backups.map(({ node }) => node.path)];
    const fingerprint = new Fingerprint(this, own, props.deploymentId === undefined);
    fingerprint.endName(start, run);
    fingerprint.endName(url, handle);
    fingerprint.endName(this.condition, condition);

    const { condition: root } = this;
    Dependable.implement(this, { dependencyRoots: [root] });
    this.executeBefore(...(props.executeBefore ?? []));
    this.node.addValidation({ validate: () => this.whatIsMissing() });
  }

  /**
   * Lets constructs wait for the backups: they are created and updated after them. `construct.node.addDependency(before)`
   * does the same.
   *
   * @param scopes the constructs, with all resources in them
   */
  public executeBefore(...scopes: Construct[]): void {
    for (const { node } of scopes) node.addDependency(this);
  }

  private whatIsMissing(): string[] {
    const all = this.node.root.node.findAll();
    if (all.some(({ node }) => node.dependencies.includes(this.condition))) return [];
    return [
      'nothing waits for these backups: name what must not change before they are made, for example executeBefore(service)',
    ];
  }

  private grant({ role }: HandlerFunction, backups: readonly DatabaseBackup[]): void {
    const { stackId } = Stack.of(this);
    const actions = ['cloudformation:DescribeStacks', 'cloudformation:DescribeStackResource'];
    role.addToPrincipalPolicy(new iam.PolicyStatement({ actions, resources: [stackId] }));
    for (const backup of backups) {
      backup.grantRun(role);
      grantManifests(role, backup.bucket, backup.sourceName);
      acknowledgeLogs(role, backup.logGroup);
    }
  }
}
