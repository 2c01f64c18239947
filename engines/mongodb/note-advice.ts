/** The words of MongoDB's notes. Pure: handlers read it. */
import { objectsOf } from '../../catalog/contract/note';
import type { NoteAdvice } from '../engine-advice';
import type { MongodbNote } from './facts';

const MOVE_OUT = "db.getSiblingDB('admin').$COLLECTION.aggregate([{ $out: { db: '$DATABASE', coll: '$COLLECTION' } }])";

export const MONGODB_NOTE_ADVICE: Readonly<Record<MongodbNote, NoteAdvice>> = {
  'no-snapshot': {
    title: 'collections that were dumped one after the other',
    happened: () =>
      'each collection was dumped at its own time: documents that belong together may be of different moments if somebody wrote meanwhile',
    steps: () => [
      {
        say: 'For a backup of one moment, back up all of a replica set: leave out databases, excludeDatabases and excludeCollections. A standalone server becomes a replica set of one member by replSetName in mongod.conf, a restart, and:',
        run: 'rs.initiate()',
      },
      { say: 'Otherwise back up when nobody writes. DocumentDB has no oplog: its own snapshots are of one moment.' },
    ],
  },
  'feature-version': {
    title: 'a feature compatibility version that is older than the server',
    happened: ({ said }) =>
      `the feature compatibility version of the server is ${said ?? 'older than the server'}: a server that the backup is restored into has that of its own version, unless you set it`,
    steps: ({ said }) => [
      {
        say: 'After a restore into a new server, if you need the same there:',
        run: `db.adminCommand({ setFeatureCompatibilityVersion: ${JSON.stringify(said ?? '$VERSION')}, confirm: true })`,
      },
      { say: 'Or finish the upgrade of the server: set it to the version of the server once all runs well.' },
    ],
  },
  'secondary-behind': {
    title: 'a replica that is behind',
    happened: ({ said }) =>
      `the member that was dumped from was ${said ?? 'some'} seconds behind: the backup is that much older than its time`,
    steps: () => [
      {
        say: 'As an administrator, see how far the members are behind, and why:',
        run: 'rs.printSecondaryReplicationInfo()',
      },
      { say: 'If it lags on purpose (secondaryDelaySecs), give another member as host, or set readPreference.' },
    ],
  },
  'admin-collections': {
    title: 'collections in the database admin',
    happened: (note) =>
      `${objectsOf(note)} are in the database admin: the archive has them, but they are not counted, and neither a restore nor a restore test brings them back`,
    steps: () => [
      { say: 'Move them into a database of their own, which is backed up, counted and restored:', run: MOVE_OUT },
    ],
  },
  'oplog-needs-tools': {
    title: 'changes that these tools cannot replay',
    happened: (note) =>
      `${objectsOf(note)} were changed during the dump in a way that only MongoDB's tools from ${note.said ?? 'a newer version'} on can replay: restores and restore tests by older ones may fail`,
    steps: ({ said = 'a newer version' }) => [
      {
        say: `Build the image of the backup with MongoDB Database Tools ${said} or newer, and restore with these. See what it has:`,
        run: 'mongorestore --version',
      },
      {
        say: 'By hand, without --oplogReplay, older tools restore it too: each collection is as of its own time then.',
      },
    ],
  },
  'other-version': {
    title: 'a target of another version',
    happened: ({ said = 'another version' }) =>
      `the target is not of the version of the backup (${said}): MongoDB supports archives within one version only`,
    steps: () => [],
  },
  'users-not-restored': {
    title: 'users and roles that were not restored',
    happened: (note) =>
      `the backup has users and roles of the server (${objectsOf(note)}), which were not restored: those of the target stay as they are`,
    steps: () => [],
  },
};
