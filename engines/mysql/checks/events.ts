import { noteOf } from '../../../catalog/contract/note';
import { askIfPossible } from './optional';
import type { MysqlCheck } from './check';

/** Notes events that a restore loses or changes. */
export const checkEvents: MysqlCheck = async (look, { databases }) => {
  const events = await askIfPossible(
    look,
    `SELECT EVENT_SCHEMA AS db, EVENT_NAME AS name, STATUS AS status, TIME_ZONE AS zone,
       EVENT_TYPE = 'ONE TIME' AS once, ON_COMPLETION = 'NOT PRESERVE' AND (EVENT_TYPE = 'ONE TIME' OR ENDS IS NOT NULL) AS passes
     FROM information_schema.EVENTS WHERE EVENT_SCHEMA IN (?) ORDER BY 1, 2`,
    [databases],
  );
  const named = (chosen: typeof events): string[] => chosen.map(({ db, name }) => `${db}.${name}`);
  // Applications make one-time events with new names all day: each name would make a new note.
  const passing = events
    .filter(({ passes }) => Number(passes) === 1)
    .map(({ db, name, once }) => `${db}.${Number(once) === 1 ? '*' : name}`);
  if (passing.length > 0) look.note(noteOf('passing-events', [...new Set(passing)]));
  // SLAVESIDE_DISABLED, and REPLICA_SIDE_DISABLED from MySQL 8.2 on.
  const disabled = named(events.filter(({ status }) => /side_?disabled$/i.test(String(status))));
  if (disabled.length > 0) look.note(noteOf('replica-events', disabled));
  const zones = new Set(events.map(({ zone }) => String(zone)).filter((zone) => /[a-z]/.test(zone)));
  if (zones.size > 0) look.note(noteOf('event-time-zones', [...zones]));
};
