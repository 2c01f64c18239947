/** The throw-away box of the toy engine: a process of its own, which gets the environment of the program. */
import { spawn, type ChildProcess } from 'node:child_process';
import { hash } from 'node:crypto';
import { once } from 'node:events';
import type {
  EngineProof,
  RowListener,
  ScratchCheck,
  ScratchServer,
  ScratchTarget,
  Section,
  SectionReader,
} from '../../../engines/engine';
import { BackupError } from '../../../task/run/errors';
import { ToyBox } from './box';

const PASSWORD = 'throw away';
const TABLE = 'table box.toys';

/** Runs a box until standard input ends: `helper toy`. */
export async function runBox(): Promise<number> {
  const box = await ToyBox.start(PASSWORD);
  box.toys = [];
  process.stdout.write(`${box.port}\n`);
  process.stdin.resume();
  await once(process.stdin, 'end');
  await box.stop();
  return 0;
}

class ScratchBox implements ScratchServer {
  private child: ChildProcess | undefined;
  private port = 0;

  async start(): Promise<ScratchTarget> {
    const child = (this.child = spawn(process.execPath, [process.argv[1]!, 'helper', 'toy'], {
      stdio: ['pipe', 'pipe', 'inherit'],
    }));
    const [line] = (await once(child.stdout!, 'data')) as [Buffer];
    this.port = Number(line.toString());
    return {
      serverVersion: '2.5',
      server: { host: 'localhost', port: this.port, tls: { mode: 'off', reason: 'a box of a test' } },
      credentials: { username: 'child', password: PASSWORD },
    };
  }

  check(): Promise<ScratchCheck> {
    return Promise.resolve({ differences: [], compared: 1, left: [] });
  }

  async ask(statement: string): Promise<string | null> {
    const toys = await this.toys();
    if (statement === 'HOW MANY') return String(toys.length);
    if (statement === 'WHO IS SAD') return null;
    throw new BackupError('restoreFailed', `the box does not understand ${statement}: ask it HOW MANY`, {
      ...{ kind: 'client-failed', said: 'huh' },
    });
  }

  ended(): BackupError | undefined {
    if (!this.child || (this.child.exitCode ?? this.child.signalCode) === null) return undefined;
    return new BackupError('notTested', 'the box fell over: see why', { kind: 'scratch-server' });
  }

  async close(): Promise<void> {
    const { child } = this;
    if (!child || (child.exitCode ?? child.signalCode) !== null) return;
    child.stdin!.end();
    await once(child, 'exit');
  }

  private async toys(): Promise<readonly string[]> {
    const headers = { authorization: `Toy ${PASSWORD}` };
    const answer = await fetch(`http://localhost:${this.port}/toys`, { headers });
    return (await answer.text()).split('\n').filter((line) => !line.startsWith('--'));
  }
}

class ToySections implements SectionReader {
  private text = '';

  constructor(private readonly rows: RowListener | undefined) {}

  see(chunk: Buffer): void {
    this.text += chunk.toString();
  }

  end(): ReadonlyMap<string, Section> {
    const lines = this.text.trimEnd().split('\n');
    const toys = lines.filter((line) => !line.startsWith('--'));
    if (this.rows?.wants(TABLE))
      for (const toy of toys) this.rows.row(TABLE, ['toy', 'letters'], [toy, `${toy.length}`]);
    const definition = lines.filter((line) => line.startsWith('--')).join('\n');
    return new Map([
      [TABLE, { kind: 'rows', hash: hash('sha256', toys.join('\n')) }],
      [`definition of ${TABLE}`, { kind: 'definition', hash: hash('sha256', definition), text: definition }],
    ]);
  }
}

/** How backups of the toy engine are tested. */
export const TOY_PROOF: EngineProof = {
  createScratchServer: () => new ScratchBox(),
  sections: () => (_, rows) => new ToySections(rows),
};
