import type { DumpJob, ServerJob } from '../../catalog/contract/task';
import type { Server } from '../servers/start';
import { engineOf, numberOf } from '../servers/versions';

/** Characters that option files, password files, shells and URLs read as their own. */
export const AWKWARD_PASSWORD = 'Geheim-9 "quoted" #hash \\back \'single\' :colon %25 $HOME é';

export const KEY_ARN = 'arn:aws:kms:us-east-1:000000000000:key/11111111-2222-3333-4444-555555555555';

/** A job for a test server, with a certificate that is verified. */
export function serverJob(
  server: Server,
  place: { readonly source: string; readonly bucket: string; readonly scratchDirectory: string },
  overrides: Partial<ServerJob> = {},
): DumpJob {
  const tls = { mode: 'certificate-authority', pem: server.authority.pem } as const;
  return {
    ...place,
    action: 'dump',
    ...{ engine: engineOf(server.version), engineVersion: numberOf(server.version), keyArn: KEY_ARN },
    ...{ compressionLevel: 1, timeoutSeconds: 120 },
    server: { host: server.host, port: server.port, tls, ...overrides },
  };
}

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
