import type { Document } from 'mongodb';
import { BSON, ObjectId } from 'mongodb';
import type { MongoReplicaSet } from '../mongo-replica-set';
import { failure, matches } from './data';
import { writesOf } from './writes';

/** By the first two numbers of a version. https://github.com/mongodb/specifications/blob/master/source/wireversion-featurelist */
const WIRE_VERSIONS: Readonly<Record<string, number>> = {
  ...{ '4.0': 7, '4.2': 8, '4.4': 9, '5.0': 13, '6.0': 17, '7.0': 21, '8.0': 25, '8.2': 27 },
};
const PROCESS_ID = new ObjectId();

const memberName = ({ host, ports }: MongoReplicaSet, member: number): string => `${host}:${ports[member]}`;
const major = ({ options }: MongoReplicaSet): string => options.version.split('.').slice(0, 2).join('.');

/** What a member says of itself and of its set. */
export function hello(set: MongoReplicaSet, member: number, { saslSupportedMechs }: Document): Document {
  const { kind } = set.options;
  const isPrimary = member === 0;
  const hosts = set.ports.map((_, index) => memberName(set, index));
  const ofSet = {
    ...{ setName: set.name, setVersion: 1, hosts, primary: hosts[0], me: hosts[member] },
    ...{ electionId: PROCESS_ID, lastWrite: { opTime: set.data.optime, lastWriteDate: new Date() } },
  };
  return {
    ...{ helloOk: true, ismaster: isPrimary, isWritablePrimary: isPrimary, secondary: !isPrimary },
    ...(kind === 'member' ? ofSet : {}),
    ...(kind === 'mongos' ? { msg: 'isdbgrid' } : {}),
    ...{ maxBsonObjectSize: 16 << 20, maxMessageSizeBytes: 48_000_000, maxWriteBatchSize: 100_000 },
    ...{ localTime: new Date(), logicalSessionTimeoutMinutes: 30, connectionId: 1 },
    ...{ minWireVersion: 0, maxWireVersion: WIRE_VERSIONS[major(set)] ?? 21, readOnly: false },
    ...(saslSupportedMechs === undefined ? {} : { saslSupportedMechs: ['SCRAM-SHA-1', 'SCRAM-SHA-256'] }),
    ok: 1,
  };
}

/** Answers a command. */
export type Reply = (command: Document, database: string) => Document;

/** Answers all other commands. */
export function replyTo(
  set: MongoReplicaSet,
  member: number,
  name: string,
  command: Document,
  database: string,
  user: string | undefined,
): Document {
  const reply = { ...of(set), ...writesOf(set.data), ...ofMember(set, member, user) }[name];
  return reply?.(command, database) ?? failure(59, 'CommandNotFound', `no such command: '${name}'`);
}

const OK = (): Document => ({ ok: 1 });

function of(set: MongoReplicaSet): Record<string, Reply> {
  const { data } = set;
  const { version } = set.options;
  const buildInfo: Reply = () => ({
    ...{ version, gitVersion: 'tests', modules: [], bits: 64, maxBsonObjectSize: 16 << 20, ok: 1 },
    versionArray: [...version.split('.').map(Number), 0],
  });
  return {
    ...{ buildInfo, buildinfo: buildInfo, ping: OK, endSessions: OK, killCursors: OK, logout: OK },
    listDatabases: () => {
      const databases = data.databases.map((name) => ({ name, sizeOnDisk: 4096, empty: false }));
      return { databases, totalSize: 4096 * databases.length, ok: 1 };
    },
    listCollections: ({ filter }, database) =>
      data.cursor(`${database}.$cmd.listCollections`, data.listCollections(database, filter as Document)),
    listIndexes: (command, database) => {
      const ns = `${database}.${command.listIndexes as string}`;
      const indexes = data.listIndexes(ns);
      return indexes ? data.cursor(ns, indexes) : failure(26, 'NamespaceNotFound', `ns does not exist: ${ns}`);
    },
    find: (command, database) => data.find(`${database}.${command.find as string}`, command),
    getMore: ({ getMore, batchSize }) => data.next(Number(getMore), batchSize as number | undefined),
    count: ({ count, query }, database) => {
      const documents = data.documentsOf(`${database}.${count as string}`);
      return { n: documents.filter((one) => matches(one, (query as Document | undefined) ?? {})).length, ok: 1 };
    },
    aggregate: ({ aggregate, pipeline }, database) => {
      const ns = `${database}.${aggregate as string}`;
      const [first = {}] = pipeline as Document[];
      const documents = data
        .documentsOf(ns)
        .filter((one) => matches(one, (first.$match as Document | undefined) ?? {}));
      const count = documents.length;
      const counted = '$collStats' in first ? { ns, count } : { _id: 1, n: count };
      return data.cursor(ns, count === 0 && !('$collStats' in first) ? [] : [counted]);
    },
    getParameter: () => ({ featureCompatibilityVersion: { version: major(set) }, ok: 1 }),
    usersInfo: () => ({ users: data.documentsOf('admin.system.users'), ok: 1 }),
    rolesInfo: () => ({ roles: data.documentsOf('admin.system.roles'), ok: 1 }),
  };
}

/** What members answer differently. */
function ofMember(set: MongoReplicaSet, self: number, user: string | undefined): Record<string, Reply> {
  const { kind, users = [] } = set.options;
  const own = users.find(({ user: name, db = 'admin' }) => `${db}.${name}` === user);
  const roles = own && (own.roles ?? [{ role: 'root', db: 'admin' }]);
  const members = set.ports.map((_, member) => ({
    ...{ _id: member, name: memberName(set, member), health: 1, state: member === 0 ? 1 : 2 },
    ...{ stateStr: member === 0 ? 'PRIMARY' : 'SECONDARY', optime: set.data.optime, optimeDate: new Date() },
    ...(member === self ? { self: true } : {}),
  }));
  return {
    connectionStatus: ({ showPrivileges }) => ({
      authInfo: {
        authenticatedUsers: own ? [{ user: own.user, db: own.db ?? 'admin' }] : [],
        authenticatedUserRoles: roles ?? [],
        ...(showPrivileges ? { authenticatedUserPrivileges: own?.privileges ?? [] } : {}),
      },
      ok: 1,
    }),
    serverStatus: () => ({
      ...{
        host: memberName(set, self),
        version: set.options.version,
        process: kind === 'mongos' ? 'mongos' : 'mongod',
      },
      ...{ pid: BSON.Long.fromNumber(1), uptime: 1, storageEngine: { name: 'wiredTiger' }, ok: 1 },
    }),
    replSetGetStatus: () =>
      kind === 'member'
        ? { set: set.name, date: new Date(), myState: self === 0 ? 1 : 2, members, ok: 1 }
        : failure(76, 'NoReplicationEnabled', 'not running with --replSet'),
  };
}
