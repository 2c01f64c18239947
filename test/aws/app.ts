// The stack of the self-test: what a user would write, with faults to be noticed, and roles to be tried.
import { App, CfnOutput, Duration, RemovalPolicies, SecretValue, Stack, Tags } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import { SqsSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import { Backups, BackupSchedule, Database, DatabaseTls, PostgresqlVersion, Retention } from '../../lib';
import { addPart } from './app-parts';
import { addClient, OWN_SERVER, startServer } from './app-server';
import type { Plan } from './names';
import { DATABASE, PLAN_VARIABLE, PROBE, ROLE_PATH, SECRET, SOURCES, STACK, TAG, USER } from './names';

class SelfTestStack extends Stack {
  constructor(app: App, { parts, server }: Plan) {
    super(app, STACK);
    Tags.of(this).add(TAG.key, TAG.value);
    const vpc = new ec2.Vpc(this, 'Vpc', {
      ...{ maxAzs: 2, natGateways: 0 },
      subnetConfiguration: [{ name: 'Public', subnetType: ec2.SubnetType.PUBLIC }],
    });
    const reader = new sqs.Queue(this, 'Reader', { visibilityTimeout: Duration.seconds(1) });
    const backups = new Backups(this, 'Backups', {
      vpc,
      vpcSubnets: { subnetType: ec2.SubnetType.PUBLIC },
      // So that there is something to prune at once.
      retention: Retention.gfs({ daily: 1, keepLast: 1 }),
      alarms: { subscriptions: [new SqsSubscription(reader)] },
    });
    const secret = new secretsmanager.Secret(this, 'Secret', {
      secretName: SECRET,
      generateSecretString: {
        ...{ secretStringTemplate: JSON.stringify({ username: USER }), generateStringKey: 'password' },
        excludePunctuation: true,
      },
    });
    const wrong = new secretsmanager.Secret(this, 'WrongSecret', {
      secretObjectValue: {
        username: SecretValue.unsafePlainText(USER),
        password: SecretValue.unsafePlainText('not the right one'),
      },
    });
    const own = server ? undefined : startServer(this, { vpc, secret, logGroup: backups.logGroup });
    const { host, port } = server ?? OWN_SERVER;
    const database = (of: secretsmanager.ISecret) =>
      Database.postgresql({
        ...{ host, port, databases: [DATABASE], secret: of },
        version: server ? PostgresqlVersion.of(server.version) : PostgresqlVersion.V18,
        tls: server
          ? DatabaseTls.certificateAuthority(server.certificateAuthority)
          : DatabaseTls.off('the stock container of the self-test has no certificate, and holds made-up rows only'),
      });
    const byName = secretsmanager.Secret.fromSecretNameV2(this, 'ByName', SECRET);
    const usual = {
      ...{ schedule: BackupSchedule.every(Duration.hours(12), { retryAttempts: 0 }), memoryLimitMiB: 1024, cpu: 512 },
      image: server && ecs.ContainerImage.fromRegistry('self-test'),
    };
    const good = backups.addDatabase('Good', {
      ...{ ...usual, database: database(byName), sourceName: SOURCES.good, restore: { secret: byName } },
    });
    const failing = backups.addDatabase('Failing', {
      ...{ ...usual, database: database(wrong), sourceName: SOURCES.failing },
    });
    const unstartable = backups.addDatabase('Unstartable', {
      ...{ ...usual, database: database(secret), sourceName: SOURCES.unstartable, enabled: false },
    });
    backups.addDatabase('Silent', {
      ...{ ...usual, database: database(secret), sourceName: SOURCES.silent, enabled: false },
      // Shorter than any other: the self-test waits for it.
      ...{ schedule: BackupSchedule.every(Duration.minutes(4)), allowedAge: Duration.minutes(5) },
    });
    const client = addClient(this, { logGroup: backups.logGroup, host, port: String(port), secret });
    // Their first runs come at once, and want the secret and the server.
    for (const { schedule } of [good, failing]) schedule.node.addDependency(secret, ...(own ? [own] : []));
    const writer = this.probeRole('Writer');
    backups.bucket.grantBackup(writer, PROBE);
    const pruner = this.probeRole('Pruner');
    backups.bucket.grantPrune(pruner);
    const outputs = {
      Bucket: backups.bucket.bucketName,
      LogGroup: backups.logGroup.logGroupName,
      Group: backups.scheduleGroup.scheduleGroupName,
      Cluster: backups.cluster.clusterName,
      DeadLetters: backups.deadLetterQueue.queueUrl,
      Unstartable: unstartable.schedule.scheduleName,
      Prune: backups.pruning.pruneFunction.functionName,
      Undelete: backups.pruning.undeleteFunction.functionName,
      Measure: backups.alarms.measureFunction.functionName,
      Reader: reader.queueUrl,
      Client: client.taskDefinitionArn,
      Writer: writer.roleArn,
      Pruner: pruner.roleArn,
    };
    const made = parts.map((part) => addPart(this, part, { vpc, backups }));
    for (const [name, value] of Object.entries(Object.assign(outputs, ...made) as Record<string, string>))
      new CfnOutput(this, `${name}Output`, { value, key: name });
    RemovalPolicies.of(this).destroy();
  }

  /** A role with a path that whoever runs the self-test can assume. */
  private probeRole(id: string): iam.Role {
    return new iam.Role(this, id, { assumedBy: new iam.AccountRootPrincipal(), path: ROLE_PATH });
  }
}

// New accounts cannot make launch configurations any more.
const context = { '@aws-cdk/aws-autoscaling:generateLaunchTemplateInsteadOfLaunchConfig': true };
new SelfTestStack(new App({ context }), JSON.parse(process.env[PLAN_VARIABLE]!) as Plan);
