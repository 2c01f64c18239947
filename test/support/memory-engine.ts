import { randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import type { RestoreDifference, RestoreTarget, TargetState } from '../../catalog/contract/restore';
import type {
  DumpFacts,
  DumpStream,
  EngineDump,
  EngineRestore,
  RestoreCheck,
  RestoreContext,
  RestoreLook,
} from '../../engines/engine';
import type { EngineFacts } from '../../engines/facts';

/** A dump stream from memory. */
export interface MemoryStream extends DumpStream {
  /** Number of stops. */
  stops: number;
}

/** Makes a stream. `fails`: its tool ends with this error once all was read. */
export function memoryStream(
  file: string,
  chunks: Iterable<Buffer> | AsyncIterable<Buffer>,
  { fails, table }: { readonly fails?: Error; readonly table?: string } = {},
): MemoryStream {
  const bytes = Readable.from(chunks, { objectMode: false });
  const ended = new Promise<void>((resolve) => bytes.once('close', resolve));
  return {
    ...{ file, kind: 'dump', format: 'sql', databases: ['shop'], bytes, stops: 0 },
    inspect: () => undefined,
    table: () => table,
    succeeded: async () => {
      await ended;
      if (fails) throw fails;
    },
    async stop() {
      this.stops++;
      bytes.destroy();
      await ended;
    },
  };
}

/** Chunks of random bytes, which do not compress. */
export function* randomChunks(megabytes: number): Iterable<Buffer> {
  for (let chunk = 0; chunk < megabytes; chunk++) yield randomBytes(1024 * 1024);
}

/** Facts of a toy engine, whose database is a file. */
export const TOY_FACTS: EngineFacts = {
  ...{ title: 'Toy', versions: [], image: () => 'toy:1', reasons: [], notes: [] },
  proof: { diskPerByte: 2, diskBytes: 1000, memoryMiB: 512, tools: [] },
};

/** A dump of a toy engine, of given streams. */
export class MemoryDump implements EngineDump {
  closed = false;

  constructor(
    private readonly open: () => Iterable<DumpStream> | AsyncIterable<DumpStream>,
    private readonly fails: Error | undefined = undefined,
  ) {}

  preflight(): Promise<void> {
    return this.fails ? Promise.reject(this.fails) : Promise.resolve();
  }

  async *streams(): AsyncIterable<DumpStream> {
    yield* this.open();
  }

  facts(): Promise<DumpFacts> {
    return Promise.resolve({
      ...{ serverVersion: '1.2', toolVersion: '1.3', tables: [{ database: 'shop', name: 'book', rows: 3 }] },
      consistency: { snapshot: 'frozen', rowCounts: 'same-snapshot' },
    });
  }

  close(): Promise<void> {
    this.closed = true;
    return Promise.resolve();
  }
}

/** Steps of a restore, in their order. */
export type RestoreStep = 'look' | 'load' | 'check' | 'close';

/** A restore of a toy engine, into memory. */
export class MemoryRestore implements EngineRestore {
  /** What was called, in order. */
  readonly calls: RestoreStep[] = [];
  /** What was loaded. */
  loaded = '';
  /** What a step does before it does its own; what it throws is its failure. */
  readonly before: Partial<Record<RestoreStep, () => unknown>> = {};
  target: RestoreTarget = { database: 'shop', name: 'shop', state: 'new', tables: 1, rows: 3 };
  differences: readonly RestoreDifference[] = [];
  now: TargetState = 'unchanged';

  constructor(readonly context: RestoreContext) {}

  async look(): Promise<RestoreLook> {
    await this.step('look');
    return { targetVersion: '1.2', targets: [this.target], objects: this.context.manifest.objects, atomic: true };
  }

  async load(): Promise<void> {
    this.now = 'partial';
    await this.step('load');
    const [object] = this.context.manifest.objects;
    this.loaded = await text(this.context.objects.open(object!));
  }

  async check(): Promise<RestoreCheck> {
    await this.step('check');
    this.now = 'complete-but-different';
    return { differences: this.differences, tables: 1, rows: 3, uncompared: [] };
  }

  state(): TargetState {
    return this.now;
  }

  close(): Promise<void> {
    return this.step('close');
  }

  private async step(step: RestoreStep): Promise<void> {
    this.calls.push(step);
    await this.before[step]?.();
  }
}

const never = (): never => {
  throw new Error('this toy is never restored, nor tested');
};
/** Of engines that are only dumped. */
export const DUMPED_ONLY = { createRestore: never, proof: { createScratchServer: never, sections: never } };
