import { aws_ecs as ecs, CfnOutput, Stack, Tags } from 'aws-cdk-lib';
import type { App, aws_lambda } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import type { FilesRepository } from '../../lib';
import { BackupDashboard, Backups } from '../../lib';
import { alarmsOf, sourceAlarmsOf } from './alarms';
import type { ReadBackupsFile } from './backups-file';
import { BackupsFileError } from './backups-file';
import { databaseOf, restoreOf } from './databases';
import {
  bucketOf,
  filesRepositoryOf,
  identityOf,
  retentionOf,
  runnerOf,
  scheduleOf,
  subnetsOf,
  vpcOf,
} from './imports';
import type { DatabaseEntry } from './schema';
import { restoreTestOf, testsOf } from './tests';
import type { Fault, Path } from './yaml-document';
import { written } from './yaml-document';

const ARCHITECTURES = { x86_64: ecs.CpuArchitecture.X86_64, arm64: ecs.CpuArchitecture.ARM64 };

/** The stack that a backups file describes. */
export class BackupsStack extends Stack {
  private readonly faults: Fault[] = [];
  private repository?: FilesRepository;

  /**
   * @throws BackupsFileError with everything that the constructs refuse
   */
  constructor(
    app: App,
    private readonly file: ReadBackupsFile,
  ) {
    const { account, region, stackName = 'DatabaseBackups' } = file.content;
    const env = {
      account: account ?? process.env.CDK_DEFAULT_ACCOUNT,
      region: region ?? process.env.CDK_DEFAULT_REGION,
    };
    super(app, stackName, { env, description: 'Database backups' });
    const backups = this.shared();
    if (backups) {
      for (const [name, entry] of Object.entries(file.content.databases)) {
        this.guard(['databases', name], () => this.addDatabase(backups, name, entry));
      }
    }
    if (this.faults.length > 0) throw new BackupsFileError(file.path, this.faults);
    for (const [key, value] of Object.entries(file.content.tags ?? {})) Tags.of(this).add(key, value);
  }

  private shared(): Backups | undefined {
    const { content } = this.file;
    const vpc = this.guard(['vpc'], () => vpcOf(this, content.vpc));
    const bucket = this.guard(['bucket'], () => bucketOf(this, content.bucket));
    if (!vpc || !bucket) return undefined;
    const { logRetention, s3GatewayEndpoint, assignPublicIp, restoreTesting, encryptTo } = content;
    const vpcSubnets = subnetsOf(this, content.vpcSubnets);
    const retention = this.guard(['retention'], () => {
      const given = retentionOf(content.retention);
      given?._bind(this);
      return given;
    });
    const { schedule } = content.pruning ?? {};
    const pruning = content.pruning && { ...content.pruning, schedule: schedule && scheduleOf(schedule) };
    const about = (message: string) => {
      if (message.includes('/Pruning: bucket ')) return 'bucket';
      if (message.includes('/Pruning: ')) return 'pruning.schedule';
      if (message.includes('/Alarms: ')) return 'alarms';
      return s3GatewayEndpoint ? 's3GatewayEndpoint' : 'vpcSubnets';
    };
    return this.guard(
      (message) => [about(message)],
      () => {
        const shared = { vpc, bucket, vpcSubnets, logRetention, s3GatewayEndpoint, assignPublicIp };
        const alarms = alarmsOf(this, content.alarms);
        const restoreTest = restoreTestOf(content.restoreTest);
        const backups = new Backups(this, 'Backups', {
          ...shared,
          retention,
          pruning,
          alarms,
          encryptTo,
          proveWith: identityOf(this, 'ProveWith', content.proveWith),
          restoreTest,
          restoreTesting,
        });
        new CfnOutput(this, 'AlarmTopic', {
          description: 'Topic of the alarms: subscribe to it to receive them',
          value: backups.alarms.topic.topicArn,
        });
        if (content.dashboard) new BackupDashboard(this, 'Dashboard', { backups });
        if (content.bucket && 'existing' in content.bucket) this.nameRoles(backups);
        return backups;
      },
    );
  }

  /** One for all sources; created when it is asked for. */
  private filesRepository(): FilesRepository {
    return (this.repository ??= filesRepositoryOf(this, this.file.content.filesRepository));
  }

  /** An imported bucket keeps its policy: the user has to admit these roles. */
  private nameRoles({ pruning }: Backups): void {
    const name = (id: string, action: string, { role }: aws_lambda.IFunction) =>
      new CfnOutput(this, id, {
        description: `Exempt this role if the policy of the bucket denies ${action}`,
        value: role!.roleArn,
      });
    name('PruneRole', 's3:DeleteObject', pruning.pruneFunction);
    name('UndeleteRole', 's3:DeleteObjectVersion', pruning.undeleteFunction);
  }

  private addDatabase(backups: Backups, name: string, entry: DatabaseEntry): void {
    const scope = new Construct(this, name);
    const { database, letIn, closed } = databaseOf(scope, entry, this.file.path, () => this.filesRepository());
    const { schedule, retention, allowedAge, cpuArchitecture, vpcSubnets, ...rest } = entry;
    const { enabled, timeout, compressionLevel, cpu, memoryLimitMiB, spot, ephemeralStorageGiB, assignPublicIp } = rest;
    const subnets = subnetsOf(scope, vpcSubnets);
    const runsOn = runnerOf(scope, entry);
    if (runsOn && ('rds' in entry || letIn)) {
      const [key, mend] =
        'rds' in entry
          ? ['rds', 'give host in place of rds, or leave runsOn out']
          : ['databaseSecurityGroup', 'what runs on the instance needs no way in'];
      throw new Error(`${this.node.path}: ${key} must be left out with runsOn: { instances: … }, got: both: ${mend}`);
    }
    const backup = backups.addDatabase(name, {
      database,
      runsOn,
      enabled,
      timeout,
      compressionLevel,
      cpu,
      memoryLimitMiB,
      spot,
      ephemeralStorageGiB,
      sourceName: name,
      schedule: scheduleOf(schedule),
      retention: retentionOf(retention),
      encryptTo: rest.encryptTo,
      proveWith: identityOf(scope, 'ProveWith', rest.proveWith),
      restore: restoreOf(scope, entry),
      allowedAge,
      cpuArchitecture: cpuArchitecture && ARCHITECTURES[cpuArchitecture],
      ...sourceAlarmsOf(entry),
      ...testsOf(entry),
      ...(subnets && { vpcSubnets: subnets }),
      ...(assignPublicIp !== undefined && { assignPublicIp }),
    });
    for (const port of letIn?.ports ?? []) letIn!.connections.allowFrom(backup, port, `backup of ${name}`);
    if (closed && !runsOn) {
      new CfnOutput(scope, 'SecurityGroup', {
        description: `Let this security group into the database ${name}`,
        value: backup.securityGroups[0]!.securityGroupId,
      });
    }
  }

  /** Collects the refusal of a construct, with the line of its cause. */
  private guard<T>(about: Path | ((message: string) => Path), build: () => T): T | undefined {
    try {
      return build();
    } catch (error) {
      const { message } = error as Error;
      const path = typeof about === 'function' ? about(message) : about;
      const sentence = message.replace(new RegExp(`^${this.node.path}[^:\\s]*: `), '').replaceAll('\n', ', ');
      this.faults.push({ line: this.file.document.line(path), sentence: `${written(path)}: ${sentence}` });
      return undefined;
    }
  }
}
