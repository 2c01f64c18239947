import { Stack } from 'aws-cdk-lib';
import type * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as rds from 'aws-cdk-lib/aws-rds';
import type * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import type { IConstruct } from 'constructs';
import { engineFacts, engines } from '../../../engines/facts';
import type { RdsClusterOptions, RdsInstanceOptions } from '../database-options';
import { DatabaseTls } from '../database-tls';
import type { EngineVersion } from '../engine-version';
import { fault } from '../../private/fault';
import type { Server } from './address';

/** Server of an RDS instance. */
export function instanceServer(
  scope: IConstruct,
  instance: rds.IDatabaseInstance,
  options: RdsInstanceOptions,
): Server {
  const { hostname, port } = instance.instanceEndpoint;
  const writer = instance instanceof rds.DatabaseInstanceReadReplica ? false : undefined;
  return { ...common(scope, instance, options), host: hostname, port, writer };
}

/** Server of an Aurora or Multi-AZ cluster. */
export function clusterServer(scope: IConstruct, cluster: rds.IDatabaseCluster, options: RdsClusterOptions): Server {
  const { useReader = false, ...rest } = options;
  const { hostname, port } = useReader ? cluster.clusterReadEndpoint : cluster.clusterEndpoint;
  // The endpoint exists before the instances behind it.
  const needs = cluster.node.findAll().filter((child) => child instanceof rds.CfnDBInstance);
  const writer = useReader ? cluster.clusterEndpoint.hostname : undefined;
  return { ...common(scope, cluster, rest), host: hostname, port, needs, writer };
}

function common(
  scope: IConstruct,
  source: rds.IDatabaseInstance | rds.IDatabaseCluster,
  options: RdsInstanceOptions,
): Omit<Server, 'host' | 'port'> {
  requireAcyclic(scope, source);
  return {
    ...options,
    tls: options.tls ?? DatabaseTls.amazonRds(),
    engine: engineOf(scope, source, options.version),
    version: versionOf(scope, source, options.version),
    secret: secretOf(scope, source, options.secret),
    allowTo: source,
  };
}

type Source = rds.IDatabaseInstance | rds.IDatabaseCluster;

/**
 * Refuses a database whose stack needs the stack of the backup for its VPC: neither could be deployed first. The CDK would
 * name the two stacks, but not what to do.
 */
export function requireAcyclic(scope: IConstruct, source: IConstruct): void {
  const { vpc } = source as { vpc?: ec2.IVpc };
  const [here, there] = [scope, source].map((construct) => Stack.of(construct));
  const resource = vpc?.node.defaultChild;
  if (here === there || resource === undefined || Stack.of(resource) !== here) return;
  fault(
    scope,
    `database must not be in a stack that needs this one, got: ${source.node.path}, whose VPC is ${vpc!.node.path}: create a DatabaseBackup in the stack ${there!.node.path}, with bucket, cluster, pruning and alarms of your Backups`,
  );
}

/** A replica does not know its engine, nor does a database that was imported without: then the class of the version does. */
function engineOf(scope: IConstruct, source: Source, given: EngineVersion | undefined): string {
  const type = source.engine?.engineType;
  const known = [...engines()].flatMap(([engine, { server }]) =>
    (server?.rdsEngines ?? []).map((rdsEngine) => ({ engine, rdsEngine })),
  );
  const engine = type === undefined ? given?._engine : known.find(({ rdsEngine }) => rdsEngine === type)?.engine;
  if (engine === undefined) {
    const mend = type === undefined ? ': give the version, for example MysqlVersion.V8_4, which names the engine' : '';
    fault(
      scope,
      `engine of ${source.node.path} must be one of ${known.map(({ rdsEngine }) => rdsEngine).join(', ')}, got: ${type ?? 'none'}${mend}`,
    );
  }
  if (given !== undefined && given._engine !== engine) {
    const [right, wrong] = [engine, given._engine].map((name) => engineFacts(name).title);
    fault(
      scope,
      `version of ${source.node.path} must be one of ${right}, got: one of ${wrong}: leave it out, or use the class of ${right}`,
    );
  }
  return engine;
}

function versionOf(scope: IConstruct, source: Source, given: EngineVersion | undefined): string {
  const version = given?.version ?? source.engine?.engineVersion?.majorVersion;
  if (version !== undefined) return version;
  fault(
    scope,
    `version of ${source.node.path} is not known, got: an engine without a version: give it in the option version`,
  );
}

export function secretOf(
  scope: IConstruct,
  source: IConstruct,
  given: secretsmanager.ISecret | undefined,
): secretsmanager.ISecret {
  const secret = given ?? (source as { secret?: secretsmanager.ISecret }).secret;
  if (secret !== undefined) return secret;
  fault(
    scope,
    `${source.node.path} has no secret: give a Secrets Manager secret with a user name and a password in the option secret`,
  );
}
