import { hash } from 'node:crypto';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { EVIDENCE_FILE, type Evidence } from '../../../catalog/bucket/evidence';
import { rowsOf } from '../../../catalog/bucket/manifest';
import type { TargetState } from '../../../catalog/contract/restore';
import type {
  DumpFacts,
  DumpStream,
  EngineContext,
  EngineDump,
  EngineProgram,
  EngineRestore,
  RestoreCheck,
  RestoreContext,
  RestoreLook,
  ServerContext,
  ServerRestoreContext,
} from '../../../engines/engine';
import { serverContext, serverRestoreContext } from '../../../engines/engine';
import { BackupError, errorText } from '../../../task/run/errors';
import type { TOY_REASONS } from './facts';
import { runBox, TOY_PROOF } from './proof';

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
    const names = this.toys.toSorted();
    const evidence: Evidence = {
      ...{ formatVersion: 1, questions: 1, undigested: [] },
      inventory: [{ kind: 'table', name: 'box.toys', facts: { primaryKey: 'toy', version: this.version } }],
      digests: [{ table: 'box.toys', rows: names.length, digest: hash('sha256', JSON.stringify(names)) }],
    };
    yield {
      ...{ file: EVIDENCE_FILE, kind: 'evidence', format: 'json', databases: ['box'] },
      bytes: Readable.from([Buffer.from(JSON.stringify(evidence))]),
      ...{ inspect: () => undefined, table: () => undefined },
      ...{ succeeded: () => Promise.resolve(), stop: () => Promise.resolve() },
    };
  }

  private get toys(): string[] {
    return this.text.split('\n').filter((line) => !line.startsWith('--'));
  }

  facts(): Promise<DumpFacts> {
    return Promise.resolve({
      serverVersion: this.version,
      toolVersion: this.version,
      consistency: { snapshot: 'lid-closed', rowCounts: 'same-snapshot' },
      tables: [{ database: 'box', name: 'toys', rows: this.toys.length }],
    });
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  private ask(path: string): Promise<string> {
    return askBox(this.context, path);
  }
}

/** Asks the box, or gives it a new list of toys. */
async function askBox(
  {
    server: { host, port },
    credentials,
    signal,
  }: Pick<ServerContext | ServerRestoreContext, 'server' | 'credentials' | 'signal'>,
  path: string,
  body?: string,
): Promise<string> {
  const headers = { authorization: `Toy ${credentials.password}` };
  const request = { headers, signal, ...(body === undefined ? {} : { method: 'PUT', body }) };
  const answer = await fetch(`http://${host}:${port}/${path}`, request).catch((error: unknown) => {
    throw new BackupError('connection', `could not connect to ${host}:${port}: ${errorText(error)}: see if it runs`, {
      kind: 'nothing-listens',
      host,
      port,
    });
  });
  const said = await answer.text();
  if (answer.ok) return said.trimEnd();
  throw new BackupError<ToyReason>('connection', `the box ${host}:${port} is shut (${said}): open its lid`, {
    kind: 'box-shut',
    ...{ host, port, account: credentials.username, said },
  });
}

/** Puts the toys of a backup into the box, all at once. */
class ToyRestore implements EngineRestore {
  private put: number | undefined;
  private readonly context;

  constructor(context: RestoreContext) {
    this.context = serverRestoreContext(context);
  }

  async look(): Promise<RestoreLook> {
    const { objects, tables } = this.context.manifest;
    const holds = (await askBox(this.context, 'toys')).split('\n').filter((line) => line !== END);
    return {
      targetVersion: await askBox(this.context, 'version'),
      targets: [
        {
          ...{ database: 'box', name: 'box', tables: 1, rows: rowsOf({ tables }) },
          ...(holds.length > 0 ? { state: 'exists', holds } : { state: 'empty' }),
        },
      ],
      ...{ objects, atomic: true },
    };
  }

  async load(): Promise<void> {
    const list = await text(this.context.objects.open(this.context.manifest.objects[0]!));
    this.put = Number(await askBox(this.context, 'toys', list));
  }

  check(): Promise<RestoreCheck> {
    const [expected, found] = [rowsOf(this.context.manifest), this.put!];
    const differences = found === expected ? [] : [{ object: 'toys', kind: 'rows', expected, found } as const];
    return Promise.resolve({ differences, tables: 1, rows: found, uncompared: [] });
  }

  state(): TargetState {
    return this.put === undefined ? 'unchanged' : 'complete-but-unchecked';
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

/** The toy engine, as the program runs it. */
export const TOY_PROGRAM: EngineProgram = {
  createDump: (context) => new ToyDump(context),
  createRestore: (context) => new ToyRestore(context),
  proof: TOY_PROOF,
  helper: runBox,
};
