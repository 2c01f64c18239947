import { noteOf } from '../../../catalog/contract/note';
import { BackupError } from '../../../task/run/errors';
import { askIfPossible } from './optional';
import type { MysqlCheck } from './check';

/**
 * Refuses events in whose text the dump tools look for a delimiter for ever, and notes those that a restore loses or changes.
 * `create_delimiter` in client/mysqldump.cc counts the wrong variable.
 */
export const checkEvents: MysqlCheck = async (look, { databases }) => {
  const endless = await askIfPossible(
    look,
    `SELECT EVENT_SCHEMA AS db, EVENT_NAME AS name FROM information_schema.EVENTS
     WHERE EVENT_SCHEMA IN (?) AND LOCATE(';;', CONCAT_WS(' ', EVENT_NAME, EVENT_DEFINITION, EVENT_COMMENT, DEFINER)) > 0 ORDER BY 1, 2`,
    [databases],
  );
  if (endless.length > 0) {
    const object = endless
      .slice(0, 10)
      .map(({ db, name }) => `${db}.${name}`)
      .join(', ');
    throw new BackupError(
      'dumpFailed',
      `the text of ${endless.length === 1 ? 'an event' : `${endless.length} events`} has two semicolons in a row (${object}), for which the dump tool would search a delimiter for ever: write them with a blank between the semicolons`,
      { kind: 'endless-event', object },
    );
  }
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
