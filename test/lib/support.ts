import type { StackProps } from 'aws-cdk-lib';
import { App, Duration, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as efs from 'aws-cdk-lib/aws-efs';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import type { AddDatabaseProps, BackupsProps, MysqlProps } from '../../lib';
import { Backups, BackupSchedule, Database, MysqlVersion } from '../../lib';

// A synthesised template is looked at piece by piece: its type would be no help.
/* eslint-disable @typescript-eslint/no-explicit-any */

/** A stack with a VPC, a secret, and the shared parts of backups. */
export class Setup {
  readonly app = new App({
    // What a template does not need is left out: copies of the handlers, the tree, traces of where a construct was made.
    treeMetadata: false,
    stackTraces: false,
    context: {
      'aws:cdk:disable-asset-staging': true,
      'aws:cdk:disable-creation-stack-traces': true,
      // CDK's own rules for templates count as errors.
      '@aws-cdk/core:validateAgainstDefaultRules': true,
    },
  });
  readonly stack: Stack;
  readonly vpc: ec2.IVpc;
  readonly secret: secretsmanager.ISecret;
  private shared: Backups | undefined;
  private synthesised: Template | undefined;

  constructor(stackProps: StackProps = {}) {
    this.stack = new Stack(this.app, 'Stack', stackProps);
    this.vpc = new ec2.Vpc(this.stack, 'Vpc', { maxAzs: 2 });
    this.secret = new secretsmanager.Secret(this.stack, 'Secret');
  }

  create(props: Partial<BackupsProps> = {}): Backups {
    this.shared = new Backups(this.stack, 'Backups', { vpc: this.vpc, alarms: { emails: [EMAIL] }, ...props });
    return this.shared;
  }

  get backups(): Backups {
    return this.shared ?? this.create();
  }

  mysql(props: Partial<MysqlProps> = {}): Database {
    return Database.mysql({ version: MysqlVersion.V8_4, host: 'db.internal', secret: this.secret, ...props });
  }

  sqlite(path = 'shop.db'): Database {
    return Database.sqlite({ ...this.efs(), path });
  }

  /** An access point. */
  efs(id = 'Files') {
    const fileSystem = new efs.FileSystem(this.stack, id, { vpc: this.vpc });
    const accessPoint = fileSystem.addAccessPoint('Shop', { path: '/shop', posixUser: { uid: '1000', gid: '1000' } });
    return { fileSystem, accessPoint };
  }

  /** Adds a backup every six hours, from a ready image so that nothing is staged. */
  add(props: Partial<AddDatabaseProps> = {}, id = 'Shop') {
    return this.backups.addDatabase(id, {
      database: this.mysql(),
      schedule: BackupSchedule.every(Duration.hours(6)),
      image: READY_IMAGE,
      ...props,
    });
  }

  /** The template. Nothing may be added to the stack after. */
  template(): Template {
    // CDK looks for cycles in each template: as its other rules, in one test only.
    const skipCyclicalDependenciesCheck = process.env.CDK_VALIDATION === 'false';
    this.synthesised ??= Template.fromStack(this.stack, { skipCyclicalDependenciesCheck });
    return this.synthesised;
  }

  /**
   * The one resource of a type whose logical id contains a text. Those that prune are found by a text with `Pruning`, those
   * of the alarms by one with `Alarms`, those of restore tests by one with `RestoreTesting`.
   */
  resource(type: string, idPart = ''): Record<string, any> {
    const found = Object.entries(this.template().findResources(type)).filter(
      ([id]) =>
        id.includes(idPart) &&
        ['Pruning', 'Alarms', 'RestoreTesting'].every((part) => id.includes(part) === idPart.includes(part)),
    );
    expect(found).toHaveLength(1);
    return found[0]![1].Properties;
  }

  /** The statements of a role's one inline policy. */
  statements(idPart: string): Record<string, any>[] {
    const { Policies } = this.resource('AWS::IAM::Role', idPart);
    expect(Policies).toHaveLength(1);
    return Policies[0].PolicyDocument.Statement;
  }

  /** The job that the container is given, its references written as `<id.attribute>`, numbers too. */
  job(idPart = ''): Record<string, any> {
    const [container] = this.resource('AWS::ECS::TaskDefinition', idPart).ContainerDefinitions;
    const variable = container.Environment.find(({ Name }: { Name: string }) => Name === 'BACKUP_JOB');
    return JSON.parse(flat(variable.Value).replace(/:(<[^>]+>)/g, ':"$1"'));
  }
}

/** Who is told, unless a test says something else. */
const EMAIL = 'backups@example.com';

export const READY_IMAGE = ecs.ContainerImage.fromRegistry('registry.example/backup:1');

/** Actions on the key of a log group that writing needs; each for calls of CloudWatch Logs only: `log-key.test.ts`. */
export const LOG_KEY_USES = [
  ['kms:Encrypt', 'kms:Decrypt', 'kms:ReEncrypt*', 'kms:GenerateDataKey*'],
  ['kms:DescribeKey'],
];

/** A part of a template. */
export type Json = any;

/** Writes a CloudFormation value as text: `<Bucket.Arn>/shop/*`. */
export function flat(value: any): string {
  if (typeof value === 'string') return value;
  if (value['Fn::Join']) return value['Fn::Join'][1].map(flat).join(value['Fn::Join'][0]);
  if (value['Fn::GetAtt']) return `<${value['Fn::GetAtt'].join('.')}>`;
  if (value.Ref) return `<${value.Ref}>`;
  return JSON.stringify(value);
}

/** `[effect, actions, resource, condition]` of a statement. */
export const row = ({ Effect, Action, Resource, Condition }: Json) => [
  Effect,
  [Action].flat(),
  flat(Resource),
  Condition,
];

/** Whether the statements let through an action on a resource, read as IAM reads them; conditions count as met. */
export function allows(statements: Json[], action: string, resource: string): boolean {
  const like = (pattern: string, text: string) => {
    const escaped = pattern.replace(/[.+^${}()|[\]\\]/g, '\\$&');
    return new RegExp(`^${escaped.replaceAll('*', '.*').replaceAll('?', '.')}$`).test(text);
  };
  const hits = statements.filter(({ Action, Resource, Condition }) => {
    if (Condition?.Null) return false; // Denies only unconditional puts, which no test asks for.
    if (![Action].flat().some((pattern) => like(pattern, action))) return false;
    return [Resource].flat().some((pattern) => like(flat(pattern), resource));
  });
  return hits.some(({ Effect }) => Effect === 'Allow') && !hits.some(({ Effect }) => Effect === 'Deny');
}
