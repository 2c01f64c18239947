/** How to repair failures of MongoDB. Pure: handlers read it. */
import type { EngineAdvice, RestoreSteps } from '../engine-advice';
import type { MongodbNote, MongodbReason } from './facts';
import { MONGODB_NOTE_ADVICE } from './note-advice';

const databases = {
  say: 'As an administrator, list the databases:',
  run: 'db.adminCommand({ listDatabases: 1, nameOnly: true })',
};

/** Each object is an archive of mongodump, of one database or of all. */
const restore: RestoreSteps = ({ objects, consistency }, read) => [
  {
    say: 'Write the address of the new server and a user with the role restore into target.yaml, mode 0600. $USER and $PASSWORD are percent-encoded:',
    run: 'uri: mongodb://$USER:$PASSWORD@$HOST:27017/?authSource=admin',
  },
  ...objects.map((object) => ({
    say: object.databases.length === 1 ? `Restore the database ${object.databases[0]}:` : 'Restore all databases:',
    run: `${read(object)} | mongorestore --config=target.yaml --archive --objcheck --stopOnError${consistency.snapshot === 'oplog' ? ' --oplogReplay' : ''}`,
  })),
];

export const MONGODB_ADVICE: EngineAdvice<MongodbReason, MongodbNote> = {
  restore,
  common: {
    'login-refused': () => [
      {
        say: 'As an administrator, see in which database the user was created: that is authSource of the backup, admin by default:',
        run: "db.getSiblingDB('admin').system.users.distinct('_id')",
      },
    ],
    'certificate-self-signed': () => [
      {
        say: 'Give the server the new certificate, with its key in the same file, in mongod.conf, and restart it:',
        run: 'net:\n  tls:\n    mode: requireTLS\n    certificateKeyFile: /etc/ssl/mongodb.pem',
      },
    ],
    'tls-not-offered': () => [
      { say: 'As an administrator, see whether TLS is enabled:', run: 'db.serverCmdLineOpts().parsed.net' },
    ],
    'database-unknown': () => [databases],
    'no-database': () => [databases],
  },
  own: {
    'sharded-cluster': {
      title: 'the server is a sharded cluster',
      happened: ({ host }) => `${host ?? 'the server'} is a mongos of a sharded cluster`,
      likelyCause: 'The address is that of a mongos. mongodump makes no consistent backup of several shards at once.',
      action: 'Back up each shard by itself, or use the backups of Atlas or Ops Manager.',
      steps: () => [
        { say: 'See the shards, each with its members:', run: 'db.adminCommand({ listShards: 1 })' },
        {
          say: 'Set up a backup for each shard and one for the config servers, with their members in hosts. Stop the balancer while they run:',
          run: 'sh.stopBalancer()',
        },
      ],
    },
    arbiter: {
      title: 'the server is an arbiter, which has no data',
      likelyCause: 'The address is that of a member of a replica set that only votes.',
      action: 'Give the address of another member.',
      steps: () => [{ say: 'See the members of the replica set:', run: 'rs.conf().members' }],
    },
    'encrypted-collections': {
      title: 'collections with Queryable Encryption cannot be dumped',
      happened: ({ object }) => `Queryable Encryption is used by ${object ?? 'a collection'}, which cannot be dumped`,
      likelyCause: 'A collection with encryptedFields was created. mongodump does not support them.',
      action: 'Leave these collections out, and back them up by snapshots of the volume.',
      steps: ({ object = '' }) => [
        { say: 'Add to excludeCollections of the database, and deploy:', run: object.split(', ').join('\n') },
        { say: 'VolumeSnapshots of this package takes snapshots of the volumes of the server.' },
      ],
    },
    'version-changing': {
      title: 'the feature compatibility version is being changed',
      likelyCause: 'An upgrade or downgrade of the server is under way, or was interrupted.',
      action: 'Finish the upgrade, and run the backup again.',
      steps: () => [
        {
          say: 'As an administrator, see how far it is:',
          run: 'db.adminCommand({ getParameter: 1, featureCompatibilityVersion: 1 })',
        },
      ],
    },
    'oplog-overflow': {
      title: 'the oplog was overwritten during the dump',
      likelyCause:
        'More was written during the dump than the oplog holds. Without its first changes the dump would not be of one moment.',
      action: 'Enlarge the oplog, or back up when less is written.',
      steps: () => [
        {
          say: 'On the member that is dumped from, see how many hours the oplog holds:',
          run: 'rs.printReplicationInfo()',
        },
        {
          say: 'Enlarge it on each member, here to 16,000 megabytes:',
          run: 'db.adminCommand({ replSetResizeOplog: 1, size: Double(16000) })',
        },
      ],
    },
    'collection-changed': {
      title: 'a collection was renamed or dropped during the dump',
      happened: ({ object }) => `${object ?? 'a collection'} was renamed or dropped during the dump, twice in a row`,
      likelyCause:
        'A job renames or drops collections, as aggregations with $out and mapReduce do. A dump of one moment cannot hold such changes.',
      action: 'Plan the backup beside that job.',
      steps: () => [
        { say: 'Find the job in the log of the server:', run: "db.adminCommand({ getLog: 'global' })" },
        { say: 'Change the schedule of the backup, or let the job use $merge in place of $out.' },
      ],
    },
    'member-behind': {
      title: 'the replica to read from is far behind',
      happened: ({ host }) => `${host ?? 'the member that was chosen'} is more than an hour behind, twice in a row`,
      likelyCause: 'Replication to this member has stopped, or it lags on purpose (secondaryDelaySecs).',
      action: 'Let it catch up, or name the member to read from.',
      steps: () => [
        {
          say: 'As an administrator, see how far the members are behind, and why:',
          run: 'rs.printSecondaryReplicationInfo()',
        },
        { say: 'If it lags on purpose, give another member as host without replicaSet, or set readPreference.' },
      ],
    },
  },
  notes: MONGODB_NOTE_ADVICE,
};
