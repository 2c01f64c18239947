import { Readable } from 'node:stream';
import type { DumpFacts, DumpStream, EngineContext, EngineDump, EngineProgram } from '../../../engines/engine';
import { serverContext } from '../../../engines/engine';
import { BackupError, errorText } from '../../../task/run/errors';
import type { TOY_REASONS } from './facts';

type ToyReason = (typeof TOY_REASONS)[number];
const END = '-- all toys told';

/** A dump of a box of toys: one toy a line, and a last line that says that it is all. */
class ToyDump implements EngineDump {
  private version = '';
  private text = '';
  private readonly context;

  constructor(context: EngineContext) {
    this.context = serverContext(context);
  }

  async preflight(): Promise<void> {
    this.version = await this.ask('version');
  }

  async *streams(): AsyncIterable<DumpStream> {
    this.text = await this.ask('toys');
    yield {
      file: 'toys.box.zst',
      kind: 'dump',
      format: 'toy-box',
      databases: ['box'],
      bytes: Readable.from([Buffer.from(this.text)]),
      inspect: () => undefined,
      table: () => 'toys',
      succeeded: () =>
        this.text.trimEnd().endsWith(END)
          ? Promise.resolve()
          : Promise.reject(
              new BackupError('dumpFailed', 'the box stopped in the middle of its list: look into it', {
                kind: 'dump-incomplete',
              }),
            ),
      stop: () => Promise.resolve(),
    };
  }

  facts(): Promise<DumpFacts> {
    const rows = this.text.trimEnd().split('\n').length - 1;
    return Promise.resolve({
      serverVersion: this.version,
      toolVersion: this.version,
      consistency: { snapshot: 'lid-closed', rowCounts: 'same-snapshot' },
      tables: [{ database: 'box', name: 'toys', rows }],
    });
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  private async ask(path: string): Promise<string> {
    const { server, credentials, signal } = this.context;
    const { host, port } = server;
    const headers = { authorization: `Toy ${credentials.password}` };
    const answer = await fetch(`http://${host}:${port}/${path}`, { headers, signal }).catch((error: unknown) => {
      throw new BackupError('connection', `could not connect to ${host}:${port}: ${errorText(error)}: see if it runs`, {
        kind: 'nothing-listens',
        host,
        port,
      });
    });
    const text = await answer.text();
    if (answer.ok) return text.trimEnd();
    throw new BackupError<ToyReason>('connection', `the box ${host}:${port} is shut (${text}): open its lid`, {
      kind: 'box-shut',
      ...{ host, port, account: credentials.username, said: text },
    });
  }
}

/** The toy engine, as the program runs it. */
export const TOY_PROGRAM: EngineProgram = {
  createDump: (context) => new ToyDump(context),
  createRestore: () => {
    throw new Error('not yet');
  },
};
