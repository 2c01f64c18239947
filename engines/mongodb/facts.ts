import { REFUSED, type ServerEngineFacts } from '../engine-facts';
import { readUri } from './uri';

/** Reasons of failures that MongoDB has besides the common ones. */
export const MONGODB_REASONS = [
  /** The server is a mongos. */
  'sharded-cluster',
  /** The server is an arbiter. */
  'arbiter',
  /** Collections with Queryable Encryption. */
  'encrypted-collections',
  /** The feature compatibility version is being changed. */
  'version-changing',
  /** The oplog was overwritten while the dump was made. */
  'oplog-overflow',
  /** A collection was renamed or dropped during the dump. */
  'collection-changed',
  /** The member that was chosen is far behind. */
  'member-behind',
] as const;
export type MongodbReason = (typeof MONGODB_REASONS)[number];

/** Notes on backups of MongoDB. */
export const MONGODB_NOTES = [
  /** Each collection was dumped at its own time. */
  'no-snapshot',
  /** The feature compatibility version is older than the server. */
  'feature-version',
  /** The member that was dumped from is behind. */
  'secondary-behind',
  /** Collections of users in the database admin, which no restore brings back. */
  'admin-collections',
  /** The oplog has changes that the tools of the dump cannot replay. */
  'oplog-needs-tools',
  /** A restore goes into a server of another version. */
  'other-version',
  /** A restore leaves out users and roles. */
  'users-not-restored',
] as const;
export type MongodbNote = (typeof MONGODB_NOTES)[number];

/** Facts of MongoDB, and of Amazon DocumentDB, which speaks its protocol. */
export const MONGODB_FACTS: ServerEngineFacts<MongodbReason, MongodbNote> = {
  title: 'MongoDB',
  words: { whole: 'database', table: 'collection', row: 'document' },
  versions: ['4.4', '5.0', '6.0', '7.0', '8.0', '8.2'],
  image: (version) => `mongo:${version}`,
  reasons: MONGODB_REASONS,
  notes: MONGODB_NOTES,
  restoreTools: ['mongorestore'],
  proof: { diskPerByte: 2, diskBytes: 1024 ** 3, memoryMiB: 2048, tools: ['mongod'] },
  server: {
    defaultPort: 27_017,
    protocols: ['mongodb'],
    majorVersionParts: 2,
    rdsEngines: [],
    // https://github.com/mongodb/mongo-tools/blob/master/CHANGELOG.md
    // Those before 100.4.1 skip documents with an empty field name.
    oldestTools: {
      '4.4': '100.4.1',
      '5.0': '100.4.1',
      '6.0': '100.4.1',
      '7.0': '100.9.0',
      '8.0': '100.10.0',
      '8.2': '100.12.0',
    },
    options: ['excludeCollections', 'hosts', 'srv', 'replicaSet', 'readPreference', 'authSource', 'uriKey'],
    readUri,
    // https://www.mongodb.com/docs/database-tools/mongodump/
    dumpTool: {
      name: 'mongodump',
      refusals: [
        {
          options: ['u', 'username', 'p', 'password', 'awsSessionToken', 'sslPEMKeyPassword', 'uri', 'config'],
          reason: REFUSED.secret,
        },
        {
          options: [
            ...['h', 'host', 'port', 'ssl', 'sslCAFile', 'sslPEMKeyFile', 'sslCRLFile', 'sslAllowInvalidCertificates'],
            ...['sslAllowInvalidHostnames', 'sslFIPSMode', 'tlsInsecure', 'authenticationDatabase'],
            ...['authenticationMechanism', 'gssapiServiceName', 'gssapiHostName', 'readPreference'],
          ],
          reason: REFUSED.connection,
        },
        {
          options: [
            ...['o', 'out', 'archive', 'gzip', 'oplog', 'dumpDbUsersAndRoles', 'v', 'verbose', 'quiet'],
            ...['help', 'version'],
          ],
          reason: REFUSED.stream,
        },
        {
          options: [
            ...['d', 'db', 'c', 'collection', 'q', 'query', 'queryFile', 'viewsAsCollections'],
            ...['excludeCollection', 'excludeCollectionsWithPrefix'],
          ],
          reason: REFUSED.partial,
        },
      ],
      allowed: [],
      valued: 'j',
    },
  },
};
