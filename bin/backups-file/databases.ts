/** Turns a database of a backups file into that of the constructs, with its connections. */
import { aws_ec2 as ec2, aws_efs as efs, aws_rds as rds, Stack } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import { serverFacts } from '../../engines/facts';
import type { RestoreOptions, ServerProps } from '../../lib';
import { Database, DatabaseTls } from '../../lib';
import { requireEnvironment, secretOf, tlsOf } from './imports';
import type { DatabaseEntry, ServerEntry } from './schema';

/** A database, and its way in for the backup. */
export interface ReachableDatabase {
  readonly database: Database;
  /** Lets the backup in, by a rule of this stack. */
  readonly letIn?: { readonly connections: ec2.Connections; readonly port: ec2.Port };
  /** Whether the user has to let the backup's own security group in. */
  readonly closed: boolean;
}

/** @param file path of the backups file */
export function databaseOf(scope: Construct, entry: DatabaseEntry, file: string): ReachableDatabase {
  return 'sqlite' in entry ? { database: sqliteOf(scope, entry.sqlite), closed: false } : serverOf(scope, entry, file);
}

function sqliteOf(scope: Construct, entry: Extract<DatabaseEntry, { sqlite: unknown }>['sqlite']): Database {
  const fileSystem = efs.FileSystem.fromFileSystemAttributes(scope, 'FileSystem', {
    fileSystemId: entry.fileSystem,
    securityGroup: groupOf(scope, entry.securityGroup),
  });
  const accessPoint = efs.AccessPoint.fromAccessPointAttributes(scope, 'AccessPoint', {
    accessPointId: entry.accessPoint,
    fileSystem,
  });
  return Database.sqlite({ fileSystem, accessPoint, path: entry.path });
}

function serverOf(scope: Construct, entry: ServerEntry, file: string): ReachableDatabase {
  const { databases, excludeDatabases, extraDumpArguments } = entry;
  const { host, port, tls, connections, writer } = 'rds' in entry ? rdsOf(scope, entry) : hostOf(scope, entry);
  const groups = entry.securityGroups?.map((id) => groupOf(scope, id));
  const common = {
    host,
    port,
    databases,
    excludeDatabases,
    extraDumpArguments,
    ...secretOf(scope, entry.secret),
    tls: tlsOf(entry.tls, file) ?? tls,
    securityGroups: groups,
    writer,
  };
  const letIn = connections && { connections, port: ec2.Port.tcp(port) };
  return { database: ofEngine(entry, common), letIn, closed: letIn === undefined && groups === undefined };
}

/** How a database is restored; its connections are those of the backup, unless it has groups of its own. */
export function restoreOf(parent: Construct, { restore }: DatabaseEntry): RestoreOptions | undefined {
  if (restore === undefined) return undefined;
  const { securityGroups, secret, ...rest } = { secret: undefined, ...restore };
  const scope = new Construct(parent, 'Restore');
  return {
    ...rest,
    ...(secret !== undefined && secretOf(scope, secret)),
    securityGroups: securityGroups?.map((id) => groupOf(scope, id)),
  };
}

function ofEngine(entry: ServerEntry, props: ServerProps & Pick<Reached, 'writer'>): Database {
  const { schemas, excludeSchemas } = entry as { schemas?: string[]; excludeSchemas?: string[] };
  return Database._ofServer(entry.engine, { ...props, version: entry.version, schemas, excludeSchemas });
}

/** The way to a server. */
interface Reached {
  readonly host: string;
  readonly port: number;
  readonly tls?: DatabaseTls;
  readonly connections?: ec2.Connections;
  /** Host that takes writes, if it is another one. */
  readonly writer?: string;
}

function hostOf(scope: Construct, entry: Extract<ServerEntry, { host: string }>): Reached {
  const { host, databaseSecurityGroup: group } = entry;
  const port = entry.port ?? serverFacts(entry.engine).defaultPort;
  return { host, port, connections: group === undefined ? undefined : groupOf(scope, group).connections };
}

/** The database's security groups let the backup in, unless the backup brings groups that they let in already. */
function rdsOf(scope: Construct, entry: Extract<ServerEntry, { rds: unknown }>): Reached {
  requireEnvironment(scope, 'rds', ', or give host in place of rds');
  const { endpoint, source, writer } = lookedUp(scope, entry.rds);
  const connections = entry.securityGroups === undefined ? source.connections : undefined;
  return { host: endpoint.hostname, port: endpoint.port, tls: DatabaseTls.amazonRds(), connections, writer };
}

function lookedUp(scope: Construct, entry: Extract<ServerEntry, { rds: unknown }>['rds']) {
  if ('instance' in entry) {
    const source = rds.DatabaseInstance.fromLookup(scope, 'Rds', { instanceIdentifier: entry.instance });
    return { source, endpoint: source.instanceEndpoint, writer: undefined };
  }
  const source = rds.DatabaseCluster.fromLookup(scope, 'Rds', { clusterIdentifier: entry.cluster });
  if (!entry.useReader) return { source, endpoint: source.clusterEndpoint, writer: undefined };
  return { source, endpoint: source.clusterReadEndpoint, writer: source.clusterEndpoint.hostname };
}

/** Imported once per stack: two databases of one server would otherwise add the same rule twice, which EC2 refuses. */
function groupOf(scope: Construct, id: string): ec2.ISecurityGroup {
  const stack = Stack.of(scope);
  const name = `SecurityGroup-${id}`;
  const known = stack.node.tryFindChild(name) as ec2.ISecurityGroup | undefined;
  return known ?? ec2.SecurityGroup.fromSecurityGroupId(stack, name, id);
}
