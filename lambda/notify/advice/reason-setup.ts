import { page } from './links';
import type { ReasonTable } from './reason-advice';
import { definition } from './steps';

/** The job, the image, the server and the databases do not fit each other. */
export const SETUP_REASONS: ReasonTable<
  | 'job-invalid'
  | 'variable-invalid'
  | 'engine-mismatch'
  | 'version-mismatch'
  | 'tool-too-old'
  | 'tool-missing'
  | 'database-unknown'
  | 'no-database'
  | 'scratch-not-writable'
  | 'manifest-too-large'
> = {
  'job-invalid': {
    title: 'the job cannot be read',
    likelyCause: 'The image and the task definition are of different versions: one was deployed without the other.',
    action: 'Deploy the stack again.',
    steps: (context) => [
      { say: 'Deploy the stack again, which brings image and task definition together.' },
      definition(context, 'If that does not help, see what the run was told:', 'environment'),
    ],
  },
  'variable-invalid': {
    title: 'an environment variable is missing or invalid',
    likelyCause: 'The task definition was changed by hand, or the secret has no such key.',
    action: 'Deploy the stack again, or correct the secret.',
    steps: (context) => [
      definition(context, 'See which variables and secrets the run gets:', '[environment,secrets]'),
      { say: 'Correct the secret, or deploy the stack again, which restores the task definition.' },
    ],
  },
  'engine-mismatch': {
    title: 'the server is of another engine',
    happened: ({ object }) =>
      object === undefined
        ? 'the server is of another engine'
        : `the server is ${object}, but the backup is set up for another engine`,
    likelyCause: 'The host now belongs to a server of another engine, or the backup was set up for the wrong one.',
    action: 'Correct the engine of the database in your code, and deploy.',
    steps: () => [{ say: 'Correct the engine or the host of the database, and deploy.' }],
  },
  'version-mismatch': {
    title: 'the version of the server does not fit the backup',
    happened: ({ object }) =>
      object === undefined
        ? 'the version of the server does not fit the backup'
        : `the server is ${object}, but the backup is set up for another version`,
    likelyCause: 'The server was upgraded, but the backup was not.',
    action: 'Set the version of the server in your code, and deploy.',
    steps: () => [{ say: 'Set version of the database to the one of the server, and deploy.' }],
  },
  'tool-too-old': {
    title: 'the dump tool is older than the server',
    happened: ({ object }) =>
      object === undefined
        ? 'the dump tool is older than the server'
        : `the dump tool is older than the server: ${object}`,
    likelyCause: 'The server was upgraded, or the image is one of your own with an older client.',
    action: 'Set the version of the server in your code, and deploy; for an image of your own, update its client.',
    steps: (context) => [
      definition(context, 'See which image the run uses:', 'image'),
      { say: 'Set version of the database, or update the client in your image, and deploy.' },
    ],
  },
  'tool-missing': {
    title: 'the image has no dump tool',
    likelyCause: 'The image is one of your own, or has been replaced by another one.',
    action: 'Add the dump tool to the image.',
    steps: (context) => [
      definition(context, 'See which image the run uses:', 'image'),
      { say: 'What an image needs:', run: page('dump-program.md#the-image') },
    ],
  },
  'database-unknown': {
    title: 'a database does not exist',
    happened: ({ database }) =>
      database === undefined ? 'a database of the backup does not exist' : `database ${database} does not exist`,
    likelyCause: 'The database was renamed or dropped, or its name is misspelt.',
    action: 'Correct databases of the backup, or restore the database if it is lost.',
    steps: (_, ofEngine) => [
      ...ofEngine,
      { say: 'If it was renamed, correct databases of the backup, and deploy. If it is lost, restore it.' },
    ],
  },
  'no-database': {
    title: 'the server has no database to dump',
    likelyCause: 'The databases were dropped, the user may not see them, or all of them are excluded.',
    action: 'See whether the data is still there.',
    steps: (_, ofEngine) => [
      ...ofEngine,
      {
        say: 'If they are there, correct excludeDatabases, or grant the user its privileges. If they are lost, restore them.',
      },
      { say: 'The privileges of each engine and version:', run: page('privileges.md') },
    ],
  },
  'scratch-not-writable': {
    title: 'the scratch volume is not writable',
    likelyCause: 'The image runs as another user, or the task definition was changed by hand.',
    action: 'Deploy the stack again.',
    steps: (context) => [
      definition(context, 'See the user and the volumes of the container:', '[user,mountPoints]'),
      { say: 'What an image needs:', run: page('dump-program.md#the-image') },
    ],
  },
  'manifest-too-large': {
    title: 'the source has too many tables for one manifest',
    likelyCause: 'A manifest holds up to 8 MiB, which is about 100,000 tables.',
    action: 'Split the source.',
    steps: () => [{ say: 'Split the source, for example into one source per database, and deploy.' }],
  },
};
