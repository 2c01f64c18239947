import { once } from 'node:events';
import type { Tool } from '../../../task/io/tool';
import type { Part } from './sql-segments';
import { createdBy, createdDatabase, touchedTable, usedDatabase } from '../sql-objects';
import { referredBy, withoutKeys } from './late-keys';
import { isSetting } from './sql-text';

/** Bytes that wait for a client while it works: a statement of the dump tool has about 1 MiB. */
const AHEAD_BYTES = 2 * 1024 * 1024;
const KEYS = /^\/\*!\d+ ALTER TABLE .* (?:DIS|EN)ABLE KEYS/s;

/** How a dump is divided. */
export interface Division {
  /** `USE` of a database, by its name in the dump. */
  readonly use: (database: string) => string;
  /** What a client runs first in a database. */
  readonly begin: (worker: number, database: string) => string;
  /** What is run last. */
  readonly tail: string;
}

const latin1 = (text: string): Buffer => Buffer.from(text, 'latin1');

/** A client, and what it is told. */
class Client {
  database = '';
  private heard = '';
  private draining: Promise<unknown> | undefined;

  constructor(readonly tool: Tool) {
    tool.stdout.setEncoding('utf8').on('data', (text: string) => (this.heard = (this.heard + text).slice(-100)));
  }

  get waiting(): number {
    return this.tool.stdin!.writableLength;
  }

  async write(bytes: Buffer | string): Promise<void> {
    this.tool.stdin!.write(bytes);
    if (this.waiting > AHEAD_BYTES) await this.drained();
  }

  /** Waits until it has taken what was written. */
  drained(): Promise<unknown> {
    this.draining ??= Promise.race([once(this.tool.stdin!, 'drain'), this.ended()]).finally(
      () => (this.draining = undefined),
    );
    return this.draining;
  }

  /** Waits until all that was written has been run. */
  async reach(mark: string): Promise<void> {
    await this.write(`\nSELECT '${mark}';\n`);
    while (!this.heard.includes(mark)) await Promise.race([once(this.tool.stdout, 'data'), this.ended()]);
  }

  async finish(): Promise<void> {
    this.tool.stdin!.end('\n');
    await this.tool.succeeded();
  }

  /** Never resolves: a client that ends before its input does has failed. */
  private async ended(): Promise<never> {
    await this.tool.exited;
    await this.tool.succeeded();
    throw new Error('the client ended before its input did');
  }
}

/**
 * Loads a dump by several clients: one makes tables, the others fill them, each statement of rows by whoever is free. What may
 * depend on rows, or would act on them, comes when all are there: triggers, routines and views; and keys, a quarter of the time.
 *
 * @param tools the first makes tables; each flushes its output after every statement
 */
export async function loadInParallel(
  dump: AsyncIterable<readonly Part[]>,
  tools: readonly Tool[],
  { use, begin, tail }: Division,
): Promise<void> {
  const [main, ...workers] = tools.map((tool) => new Client(tool)) as [Client, ...Client[]];
  const later: (Buffer | string)[] = [];
  /** Tables whose rows may come from several sessions at once. */
  let isSpread = false;
  let database: string | undefined;
  let isMade = true;
  let marks = 0;
  let worker: Client | undefined;
  /** Keys to add when all rows are there. */
  const keys: { readonly database: string; readonly name: string; readonly statement: Buffer }[] = [];
  /** Tables that foreign keys refer to: their keys are there with them. */
  const referred = new Set<string>();

  const enter = async (client: Client, name: string): Promise<void> => {
    if (client.database === name) return;
    client.database = name;
    await client.write(`\n${use(name)}\n${begin(workers.indexOf(client) + 1, name)}\n`);
  };

  const addKeys = async (client: Client): Promise<void> => {
    for (let next = keys.shift(); next; next = keys.shift()) {
      await enter(client, next.database);
      await client.write(next.statement);
      await client.reach(`reached ${++marks}`);
    }
  };

  /** Makes a table; what it refers to must have its keys by then. */
  const make = async (bytes: Buffer): Promise<void> => {
    const text = bytes.toString('latin1');
    const others = referredBy(text);
    others.forEach((name) => referred.add(name));
    for (const one of keys.filter(({ name }) => others.includes(name))) {
      keys.splice(keys.indexOf(one), 1);
      for (const part of [`\n${use(one.database)}`, one.statement, `${use(database!)}\n`]) await main.write(part);
    }
    const table = withoutKeys(text);
    if (!table || referred.has(table.name)) return main.write(bytes);
    keys.push({ database: database!, name: table.name, statement: latin1(table.keys) });
    return main.write(latin1(table.create));
  };

  const choose = async (): Promise<Client> => {
    if (!isMade) await main.reach(`reached ${++marks}`);
    isMade = true;
    const least = () => workers.reduce((best, one) => (one.waiting < best.waiting ? one : best));
    while (isSpread && least().waiting > AHEAD_BYTES / 2) await Promise.race(workers.map((one) => one.drained()));
    const chosen = isSpread ? least() : workers[0]!;
    await enter(chosen, database!);
    return chosen;
  };

  const statement = async ({ head, bytes }: Part): Promise<void> => {
    const used = usedDatabase(head);
    if (used !== undefined) {
      database = used;
      later.push(`\n${use(used)}\n`);
      return main.write(bytes);
    }
    if (KEYS.test(head)) return undefined;
    const made = createdBy(head);
    const isTable = made?.kind === 'TABLE' || made?.kind === 'SEQUENCE';
    if (isTable || touchedTable(head) !== undefined || createdDatabase(head)) {
      isMade = false;
      if (made?.kind !== 'TABLE') return main.write(bytes);
      isSpread = bytes.includes(' ENGINE=InnoDB');
      return make(bytes);
    }
    const isBefore = database === undefined;
    if (isBefore || isSetting(head)) for (const client of [main, ...workers]) await client.write(bytes);
    if (!isBefore) later.push(bytes);
  };

  for await (const parts of dump)
    for (const part of parts) {
      if (!part.isRows) {
        await statement(part);
        continue;
      }
      worker ??= await choose();
      await worker.write(part.bytes);
      if (part.ends) worker = undefined;
    }
  if (!isMade) await main.reach(`reached ${++marks}`);
  for (const one of workers) await one.reach(`reached ${++marks}`);
  await Promise.all(workers.map(addKeys));
  await Promise.all(workers.map((one) => one.finish()));
  for (const bytes of later) await main.write(bytes);
  await main.write(tail);
  await main.finish();
}
