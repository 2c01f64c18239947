import type { IncomingMessage } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import type { PruneReport, SourceReport } from '../../../catalog/contract/handlers';
import type { Streams } from '../../../bin/cli/print/output';
import { main } from '../../../bin/cli/program';

/** Standard streams that a test reads. */
export interface Captured extends Streams {
  readonly out: () => string;
  readonly err: () => string;
}

/** @param input what a person types; none: standard input is no terminal */
export function captured(input?: string): Captured {
  const [out, err]: [string[], string[]] = [[], []];
  return {
    stdin: Object.assign(Readable.from(input === undefined ? [] : [input]), { isTTY: input !== undefined }),
    stdout: { write: (line) => out.push(line) },
    stderr: { write: (line) => err.push(line) },
    out: () => out.join(''),
    err: () => err.join(''),
  };
}

/** What a command printed, and how it ended. */
export interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Runs the command line in this process. */
export async function cli(args: readonly string[], input?: string): Promise<Ran> {
  const streams = captured(input);
  const code = await main(args, streams);
  return { code, out: streams.out(), err: streams.err() };
}

/** An answer of the stand-in for AWS. */
export interface Answer {
  readonly status?: number;
  readonly headers?: Record<string, string>;
  /** A text or bytes as they are; anything else as JSON. */
  readonly body?: unknown;
  /** Breaks the connection after so many bytes of it. */
  readonly cutAt?: number;
}

/** What it was asked. */
export interface Asked {
  readonly method: string;
  readonly path: string;
  /** `AmazonSSM.GetParametersByPath`, for services that are asked so. */
  readonly target?: string;
  /** With the Region for which it is signed. */
  readonly authorization?: string;
  readonly range?: string;
  readonly body: string;
}

/**
 * A server of the loopback address that answers the clients of the AWS SDK: what AWS says in a fault, no emulator says.
 * Variables of the environment point at it until it is closed.
 */
export class StandIn {
  readonly asked: Asked[] = [];
  private readonly server = createServer((request, response) => {
    void this.take(request).then(({ status = 200, headers, body = '', cutAt }) => {
      const bytes = Buffer.isBuffer(body) ? body : Buffer.from(typeof body === 'string' ? body : JSON.stringify(body));
      response.writeHead(status, { 'content-length': bytes.length, ...headers });
      if (cutAt === undefined) response.end(bytes);
      else response.write(bytes.subarray(0, cutAt), () => request.socket.end());
    });
  });

  /** @param answer to a request; nothing found when undefined */
  constructor(private readonly answer: (asked: Asked) => Answer | undefined) {}

  async start(): Promise<void> {
    await new Promise<void>((done) => this.server.listen(0, '127.0.0.1', done));
    process.env.AWS_ENDPOINT_URL = `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((done) => this.server.close(done));
  }

  private async take(request: IncomingMessage): Promise<Answer> {
    const target = request.headers['x-amz-target'] as string | undefined;
    const { method, url, headers } = request;
    const asked = {
      method: method!,
      path: url!,
      target,
      authorization: headers.authorization,
      range: headers.range,
      body: await text(request),
    };
    this.asked.push(asked);
    return this.answer(asked) ?? { status: 404, body: '' };
  }
}

/** The environment of a test: credentials of nobody, and no file or server of this machine is asked for others. */
export function isolateEnvironment(): void {
  const before = { ...process.env };
  beforeEach(() => {
    for (const name of Object.keys(process.env)) if (/^(AWS|PROVEN)_/.test(name)) delete process.env[name];
    Object.assign(process.env, {
      AWS_ACCESS_KEY_ID: 'test',
      AWS_SECRET_ACCESS_KEY: 'test',
      AWS_REGION: 'eu-west-1',
      AWS_EC2_METADATA_DISABLED: 'true',
      AWS_CONFIG_FILE: '/nowhere',
      AWS_SHARED_CREDENTIALS_FILE: '/nowhere',
      AWS_MAX_ATTEMPTS: '1',
    });
  });
  afterEach(() => {
    process.env = { ...before };
  });
}

/** Path of the directory of `shop-backups`. */
export const DIRECTORY = '/proven-backups/shop-backups/directory/';

/** A parameter of that directory, as Systems Manager answers it. */
export const directoryParameter = (name: string, changes: object): { Name: string; Value: string } => ({
  Name: DIRECTORY + name,
  Value: JSON.stringify({
    formatVersion: 1,
    bucket: 'shop-backups',
    functions: {},
    tasks: [],
    sources: {},
    ...changes,
  }),
});

/** Answers a request for the parameters directly under a path; `undefined` to any other request. */
export function parametersUnder(
  { target, body }: Asked,
  parameters: readonly { readonly Name: string }[],
): Answer | undefined {
  if (target !== 'AmazonSSM.GetParametersByPath') return undefined;
  const { Path } = JSON.parse(body) as { Path: string };
  const Parameters = parameters.filter(({ Name }) => Name.slice(0, Name.lastIndexOf('/') + 1) === Path);
  return { body: { Parameters } };
}

/** A report about a source, as a prune function answers it. */
export const sourceReport = (changes: Partial<SourceReport> = {}): SourceReport => ({
  source: 'shop',
  kept: 1,
  deleted: 1,
  bytesFreed: 341_902_211,
  held: 0,
  damaged: [],
  leftovers: 0,
  errors: [],
  decisions: [
    {
      id: '2026-11-20T02-00-00Z',
      time: '2026-11-20T02:00:00.000Z',
      bytes: 341_902_211,
      keep: true,
      reasons: ['floor: newest 1', 'daily of 2026-11-20'],
    },
    {
      id: '2026-10-01T02-00-00Z',
      time: '2026-10-01T02:00:00.000Z',
      bytes: 341_000_000,
      keep: false,
      reasons: ['no rule keeps it'],
    },
  ],
  ...changes,
});

/** A report, as a prune function answers it. */
export const pruneReport = (changes: Partial<PruneReport> = {}): PruneReport => ({
  of: 'shop-backups',
  dryRun: true,
  sources: [sourceReport()],
  unmanaged: [],
  problems: 0,
  ...changes,
});
