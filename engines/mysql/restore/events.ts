import { noteOf, type Note } from '../../../catalog/contract/note';
import type { MysqlNote } from '../facts';
import type { MysqlClients } from './clients';
import type { Query } from './query';
import type { DumpRewriter } from './rewrite';

/**
 * Creates the events, last of all: nothing runs in what is half there.
 *
 * @param expected events of the dump, by their names on the target: `shop.cleanup`
 * @param names of the databases on the target
 * @param all whether events whose time is over are to be made as well
 */
export async function createEvents(
  query: Query,
  clients: MysqlClients,
  { events, disabledEvents }: DumpRewriter,
  expected: readonly string[],
  names: readonly string[],
  note: (note: Note<MysqlNote>) => void,
  all: boolean,
): Promise<void> {
  if (events.length === 0) return;
  async function* scripts(): AsyncIterable<Buffer> {
    yield* events;
  }
  // By its time, a server judges whether that of an event is over: at this one, none is.
  await clients.one(all ? ['SET timestamp = 1;'] : [], scripts(), []);
  const there = await query(
    'SELECT EVENT_SCHEMA AS db, EVENT_NAME AS name FROM information_schema.EVENTS WHERE EVENT_SCHEMA IN (?)',
    [names],
  );
  const known = new Set(there.map(({ db, name }) => `${db}.${name}`));
  // The server takes an event whose time is over, and forgets it.
  const over = expected.filter((name) => !known.has(name));
  if (over.length > 0) note(noteOf('events-over', over));
  const off = disabledEvents.filter((name) => known.has(name));
  if (off.length > 0) note(noteOf('events-disabled', off));
}
