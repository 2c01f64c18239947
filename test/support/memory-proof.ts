/** A throw-away server of a toy engine, in memory: what it holds is a text, of lines `def <name>: <text>` and `row <table>: <id>|<note>`. */
import { hash } from 'node:crypto';
import { Readable } from 'node:stream';
import { EVIDENCE_FILE, type Evidence } from '../../catalog/bucket/evidence';
import type { TableCount } from '../../catalog/bucket/manifest';
import type {
  DumpFacts,
  DumpStream,
  EngineProgram,
  EngineProof,
  RowListener,
  ScratchCheck,
  ScratchServer,
  Section,
  SectionReader,
} from '../../engines/engine';
import { MemoryDump, MemoryRestore, memoryStream } from './memory-engine';

/** Steps of a restore test that the engine does. */
export type ProofStep = 'start' | 'look' | 'load' | 'check-restore' | 'dump' | 'check' | 'ask' | 'close';

/** A restore test of a toy engine: what happens in it, and what its server says. */
export class MemoryProof {
  /** What was called, in order. */
  readonly calls: ProofStep[] = [];
  /** What a step does before it does its own; what it throws is its failure. */
  readonly before: Partial<Record<ProofStep, () => unknown>> = {};
  /** What is loaded, and dumped again. */
  held = '';
  evidence: Evidence | undefined;
  tables: readonly TableCount[] = [{ database: 'shop', name: 'book', rows: 2 }];
  found: ScratchCheck = { differences: [], compared: 3, left: [] };
  answers: Readonly<Record<string, string | null>> = {};
  ended: ScratchServer['ended'];
  restore: MemoryRestore | undefined;
  /** Digests that the second dump was asked for. */
  digests: unknown;

  private async step(step: ProofStep): Promise<void> {
    this.calls.push(step);
    await this.before[step]?.();
  }

  private readonly server: ScratchServer = {
    start: async () => {
      await this.step('start');
      return { serverVersion: '1.2', file: '/toys/scratch' };
    },
    check: async () => {
      await this.step('check');
      return this.found;
    },
    ask: async (statement) => {
      await this.step('ask');
      return this.answers[statement] ?? null;
    },
    ended: () => this.ended?.(),
    close: () => this.step('close'),
  };

  private readonly proof: EngineProof = {
    createScratchServer: () => this.server,
    sections: () => (_, rows) => new MemorySections(rows),
  };

  readonly program: EngineProgram = {
    proof: this.proof,
    createRestore: (context) => {
      const restore = (this.restore = new MemoryRestore(context));
      restore.before.look = () => this.step('look');
      restore.before.load = () => this.step('load');
      restore.before.check = async () => {
        this.held = restore.loaded;
        await this.step('check-restore');
      };
      return restore;
    },
    createDump: ({ digests }) => {
      if (this.digests === undefined) this.digests = digests;
      const open = async function* (this: MemoryProof): AsyncIterable<DumpStream> {
        await this.step('dump');
        yield memoryStream('a.zst', [Buffer.from(this.held)]);
        if (!this.evidence) return;
        const answers = memoryStream(EVIDENCE_FILE, Readable.from([Buffer.from(JSON.stringify(this.evidence))]));
        yield Object.assign(answers, { kind: 'evidence', format: 'json' });
      };
      const facts = (): DumpFacts => ({
        ...{ serverVersion: '1.2', toolVersion: '1.3', tables: this.tables },
        consistency: { snapshot: 'frozen', rowCounts: 'same-snapshot' },
      });
      return Object.assign(new MemoryDump(() => open.call(this)), { facts: () => Promise.resolve(facts()) });
    },
  };
}

class MemorySections implements SectionReader {
  private text = '';

  constructor(private readonly rows: RowListener | undefined) {}

  see(chunk: Buffer): void {
    this.text += chunk.toString();
  }

  end(): ReadonlyMap<string, Section> {
    const parts = new Map<string, string[]>();
    for (const line of this.text.split('\n')) {
      const [, what, name, rest] = /^(def|row) ([^:]+): (.*)$/.exec(line) ?? [];
      if (what === undefined) continue;
      parts.set(`${what} ${name}`, [...(parts.get(`${what} ${name}`) ?? []), rest!]);
      if (what === 'row' && this.rows?.wants(name!)) this.rows.row(name!, ['id', 'note'], rest!.split('|'));
    }
    return new Map(
      [...parts].map(([key, lines]): [string, Section] => {
        const [kind, name] = [key.startsWith('row') ? 'rows' : 'definition', key.slice(4)] as const;
        const text = lines.join('\n');
        return [name, { kind, hash: hash('sha256', text), ...(kind === 'definition' ? { text } : {}) }];
      }),
    );
  }
}
