/** Turns a database of a backups file into that of the constructs, with its connections. */
import { aws_ec2 as ec2, aws_efs as efs, aws_rds as rds, Stack } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import { SERVER_OPTIONS } from '../../engines/engine-facts';
import { serverFacts } from '../../engines/facts';
import type { FilesRepository, RestoreOptions } from '../../lib';
import { Database, DatabaseTls } from '../../lib';
import { identityOf, requireEnvironment, secretOf, tlsOf } from './imports';
import type { DatabaseEntry, ServerEntry } from './schema';

/** A database, and its way in for the backup. */
export interface ReachableDatabase {
  readonly database: Database;
  /** Lets the backup in, by a rule of this stack. */
  readonly letIn?: { readonly connections: ec2.Connections; readonly ports: readonly ec2.Port[] };
  /** Whether the user has to let the backup's own security group in. */
  readonly closed: boolean;
}

/**
 * @param file path of the backups file
 * @param repositoryOf where sources of files that are incremental have their backups
 */
export function databaseOf(
  scope: Construct,
  entry: DatabaseEntry,
  file: string,
  repositoryOf: () => FilesRepository,
): ReachableDatabase {
  if ('sqlite' in entry) {
    const { sqlite } = entry;
    return { database: Database.sqlite('fileSystem' in sqlite ? onEfs(scope, sqlite) : sqlite), closed: false };
  }
  if ('files' in entry) {
    const { repository: incremental = false, ...files } = entry.files;
    const place = 'fileSystem' in files ? onEfs(scope, files) : files;
    const repository = incremental ? repositoryOf() : undefined;
    return { database: Database.files({ ...place, repository }), closed: false };
  }
  return serverOf(scope, entry, file);
}

/** What is on EFS, with its file system and its access point imported. */
function onEfs<T extends Record<'fileSystem' | 'accessPoint' | 'securityGroup', string>>(scope: Construct, entry: T) {
  const { fileSystem: fileSystemId, accessPoint: accessPointId, securityGroup, ...rest } = entry;
  const fileSystem = efs.FileSystem.fromFileSystemAttributes(scope, 'FileSystem', {
    fileSystemId,
    securityGroup: groupOf(scope, securityGroup),
  });
  const accessPoint = efs.AccessPoint.fromAccessPointAttributes(scope, 'AccessPoint', {
    accessPointId,
    fileSystem,
  });
  return { ...rest, fileSystem, accessPoint };
}

function serverOf(scope: Construct, entry: ServerEntry, file: string): ReachableDatabase {
  const { databases, excludeDatabases, extraDumpArguments } = entry;
  const { host, port, openPorts, tls, connections, writer } =
    'rds' in entry ? rdsOf(scope, entry) : hostOf(scope, entry);
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
  const letIn = connections && { connections, ports: openPorts.map((one) => ec2.Port.tcp(one)) };
  return { database: ofEngine(entry, common), letIn, closed: letIn === undefined && groups === undefined };
}

/** How a database is restored; its connections are those of the backup, unless it has groups of its own. */
export function restoreOf(parent: Construct, { restore }: DatabaseEntry): RestoreOptions | undefined {
  if (restore === undefined) return undefined;
  const { securityGroups, secret, identity, ...rest } = { secret: undefined, ...restore };
  const scope = new Construct(parent, 'Restore');
  return {
    ...rest,
    ...(secret !== undefined && secretOf(scope, secret)),
    identity: identityOf(scope, 'Identity', identity),
    securityGroups: securityGroups?.map((id) => groupOf(scope, id)),
  };
}

function ofEngine(entry: ServerEntry, props: Omit<Parameters<typeof Database._ofServer>[1], 'version'>): Database {
  const own = Object.entries(entry).filter(([key]) => SERVER_OPTIONS.some((option) => option === key));
  return Database._ofServer(entry.engine, { ...props, ...Object.fromEntries(own), version: entry.version });
}

/** The way to a server. */
interface Reached {
  /** Nothing if the options of the engine say where it is. */
  readonly host?: string;
  readonly port?: number;
  /** That let the backup in. */
  readonly openPorts: readonly number[];
  readonly tls?: DatabaseTls;
  readonly connections?: ec2.Connections;
  /** Host that takes writes, if it is another one. */
  readonly writer?: string;
}

function hostOf(scope: Construct, entry: Exclude<ServerEntry, { rds: unknown }>): Reached {
  const { host, port, databaseSecurityGroup: group } = { host: undefined, port: undefined, ...entry };
  const usual = port ?? serverFacts(entry.engine).defaultPort;
  const hosts = 'hosts' in entry ? entry.hosts : [];
  const openPorts = hosts.length > 0 ? [...new Set(hosts.map((one) => portIn(one) ?? usual))] : [usual];
  return { host, port, openPorts, connections: group === undefined ? undefined : groupOf(scope, group).connections };
}

/** The port of `db1:27018` or `[::1]:27018`. */
function portIn(host: string): number | undefined {
  const [, digits] = /^(?:\[.+\]|[^:]*):(\d+)$/.exec(host) ?? [];
  return digits === undefined ? undefined : Number(digits);
}

/** The database's security groups let the backup in, unless the backup brings groups that they let in already. */
function rdsOf(scope: Construct, entry: Extract<ServerEntry, { rds: unknown }>): Reached {
  requireEnvironment(scope, 'rds', ', or give host in place of rds');
  const { endpoint, source, writer } = lookedUp(scope, entry.rds);
  const connections = entry.securityGroups === undefined ? source.connections : undefined;
  const { hostname: host, port } = endpoint;
  return { host, port, openPorts: [port], tls: DatabaseTls.amazonRds(), connections, writer };
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
