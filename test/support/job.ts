import type { DumpJob, FilesJob, ServerJob } from '../../catalog/contract/task';
import type { MongodbServer } from '../servers/mongodb';
import type { Server } from '../servers/start';
import { engineOf, MONGODB, numberOf } from '../servers/versions';

/** Characters that option files, password files, shells and URLs read as their own. */
export const AWKWARD_PASSWORD = 'Geheim-9 "quoted" #hash \\back \'single\' :colon %25 $HOME é';

export const KEY_ARN = 'arn:aws:kms:us-east-1:000000000000:key/11111111-2222-3333-4444-555555555555';

/** A job for a test server, with a certificate that is verified. */
export function serverJob(
  server: Server | MongodbServer,
  place: { readonly source: string; readonly bucket: string; readonly scratchDirectory: string },
  overrides: Partial<ServerJob> = {},
): DumpJob {
  const tls = { mode: 'certificate-authority', pem: server.authority.pem } as const;
  return {
    ...place,
    action: 'dump',
    ...{ engine: engineOf(server.version), engineVersion: numberOf(server.version), keyArn: KEY_ARN },
    // A lock is waited for up to a minute, and a server that sleeps for two.
    ...{ compressionLevel: 1, timeoutSeconds: 300 },
    server: { host: server.host, port: server.port, tls, ...overrides },
  };
}

/** A job for a MongoDB of a test; `tls` of the job if the server has it. */
export const mongodbJob = (
  { host, port }: { readonly host: string; readonly port: number },
  place: { readonly source: string; readonly bucket: string; readonly scratchDirectory: string },
  overrides: Partial<ServerJob> = {},
): DumpJob => ({
  ...place,
  action: 'dump',
  ...{ engine: 'mongodb', engineVersion: numberOf(MONGODB), keyArn: KEY_ARN, compressionLevel: 1, timeoutSeconds: 120 },
  server: { host, port, tls: { mode: 'off', reason: 'the server is on this machine' }, ...overrides },
});

/** A job for a directory of files. */
export const filesJob = (
  file: string,
  place: { readonly source: string; readonly bucket: string; readonly scratchDirectory: string },
  files: FilesJob = {},
): DumpJob => ({
  ...{ action: 'dump', engine: 'files', keyArn: KEY_ARN, compressionLevel: 1, timeoutSeconds: 120 },
  ...{ ...place, file, files },
});

/** A job for an SQLite file. */
export const sqliteJob = (
  file: string,
  place: { readonly source: string; readonly bucket: string; readonly scratchDirectory: string },
): DumpJob => ({
  ...place,
  action: 'dump',
  engine: 'sqlite',
  keyArn: KEY_ARN,
  compressionLevel: 1,
  timeoutSeconds: 120,
  file,
});
