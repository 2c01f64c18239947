import type { Note } from '../../catalog/contract/note';
import { MYSQL_ADVICE } from '../../engines/mysql/advice';
import type { MysqlNote } from '../../engines/mysql/facts';
import type { Version } from '../servers/versions';
import { engineOf } from '../servers/versions';
import { run } from '../support/processes';
import type { Trip } from './support';

/** An input that does not come back, or not unchanged, without what its note says. */
export interface Comeback {
  /** Begins with the id of the case. */
  readonly title: string;
  /** The engine that has it; both when left out. */
  readonly engine?: 'mysql' | 'mariadb';
  readonly databases: readonly string[];
  readonly setup: string | ((trip: Trip) => Promise<unknown>);
  readonly notes: readonly Partial<Note>[];
  readonly dumpArguments?: readonly string[];
  /** What the client says without the way out of the note. */
  readonly fails?: RegExp;
  /** The way out: statements for the target, settings of the session, or the sed command of the first note's advice. */
  readonly prepare?: string;
  readonly settings?: readonly string[];
  readonly sed?: boolean;
  /** There is no way out on this machine: the restore is not tried again. */
  readonly lost?: boolean;
  /** A question with the same answer on both servers after the restore. */
  readonly same?: string;
  /** A question whose answer differs, as the note says. */
  readonly differs?: string;
}

/** SQL after the sed command of a note's advice. */
async function byAdvice(note: Note, sql: string): Promise<string> {
  const commands = MYSQL_ADVICE.notes[note.kind as MysqlNote].steps(note).map(({ run: command = '' }) => command);
  const [, script = ''] = /\bsed '([^']+)'/.exec(commands.join('\n')) ?? [];
  return run('sed', [script], { input: sql });
}

/** Tests of these inputs on a version: its backup, its notes, its restore without their way out and with it. */
export function testComebacks(version: Version, trip: () => Trip, cases: readonly Comeback[]): void {
  const here = cases.filter(({ engine }) => engine === undefined || engine === engineOf(version));
  test.each(here)('$title', async (input) => {
    const { source, target } = trip();
    const { databases } = input;
    await (typeof input.setup === 'string' ? source.exec(input.setup) : input.setup(trip()));
    const manifest = await trip().backUp(databases[0]!, {
      databases: [...databases],
      ...(input.dumpArguments ? { extraDumpArguments: [...input.dumpArguments] } : {}),
    });
    expect(manifest.notes ?? []).toEqual(input.notes.map((note) => expect.objectContaining(note)));
    const sql = await trip().sql(manifest);
    if (input.fails) {
      await expect(trip().load(sql)).rejects.toThrow(input.fails);
      await trip().clear(databases);
    }
    if (input.lost) return;
    if (input.prepare) await target.exec(input.prepare);
    await trip().load(input.sed ? await byAdvice(manifest.notes![0]!, sql) : sql, input.settings);
    if (input.same) expect(await target.exec(input.same)).toBe(await source.exec(input.same));
    if (input.differs) expect(await target.exec(input.differs)).not.toBe(await source.exec(input.differs));
  });
}
