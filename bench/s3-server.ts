import { Daemon, findProgram, freePort, temporaryDirectory } from '../test/support/processes';
import * as fs from 'node:fs';
import * as path from 'node:path';

/** A fast S3 server on this machine, and what points clients at it. */
export interface S3Server {
  readonly bucket: string;
  readonly env: Record<string, string>;
  /** Bytes of all data objects put under a prefix since the last call. */
  readonly collect: (prefix: string) => Promise<number>;
  readonly stop: () => Promise<void>;
}

/**
 * Starts the sink, which counts what it is sent.
 *
 * @param binary path of the sink, built from `bench/sink`
 */
export async function startS3(binary: string): Promise<S3Server> {
  const program = findProgram([binary], 'golang (then run "npm run bench", which builds the sink by it)');
  const directory = temporaryDirectory('bench-s3');
  const port = await freePort();
  const endpoint = `http://127.0.0.1:${port}`;
  const counted = async () => (await (await fetch(`${endpoint}/_counted`)).json()) as Record<string, number>;
  const daemon = await Daemon.start(program, [`${port}`], { logFile: path.join(directory, 'log') }, async () => {
    await counted();
  });
  return {
    bucket: 'bench',
    env: {
      AWS_ENDPOINT_URL: endpoint,
      AWS_REGION: 'us-east-1',
      AWS_DEFAULT_REGION: 'us-east-1',
      AWS_ACCESS_KEY_ID: 'bench',
      AWS_SECRET_ACCESS_KEY: 'bench',
      AWS_EC2_METADATA_DISABLED: 'true',
      AWS_CONFIG_FILE: '/dev/null',
      AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
    },
    collect: async (prefix) => (await counted())[prefix] ?? 0,
    stop: async () => {
      await daemon.stop('SIGTERM');
      fs.rmSync(directory, { recursive: true, force: true });
    },
  };
}
