/** Notes as emails get them. */
import { noteOf, type FoundNote, type Note } from '../../../catalog/contract/note';
import type { NewNotes } from '../../../catalog/contract/notification';
import { backup } from './compose-support';

/** A note as the measuring reads it. */
export const found = (note: Note): FoundNote => ({
  ...note,
  key: JSON.stringify([note.kind, note.database, note.objects]),
});

/** New notes of the newest backup of a source. */
export const noted = (source: string, engine: string, engineVersion: string, ...notes: readonly Note[]): NewNotes => ({
  source,
  newest: backup(0, { engine, engineVersion }),
  notes: notes.map(found),
});

const many = Array.from({ length: 25 }, (_, index) => `channel_${String(index).padStart(2, '0')}`);

/** One for each engine, one of a newer program, and several at once. */
export const NOTED = {
  mysql: noted(
    'shop',
    'mysql',
    '9.7.4',
    noteOf('characters-changed', ['orders.remark', 'customers.name'], 'shop'),
    noteOf('characters-changed', ['pages.title'], 'blog'),
  ),
  mariadb: noted('crm', 'mariadb', '11.8.9-MariaDB', noteOf('no-history', ['prices'], 'crm')),
  postgresql: noted(
    'warehouse',
    'postgresql',
    '17.12',
    noteOf('user-mapping-options', ['backup on archive'], 'warehouse'),
    { kind: 'databases-closed', objects: ['old_shop'] },
  ),
  sqlite: noted('media', 'sqlite', '3.53.4', {
    ...noteOf('not-checked', many, 'media.db'),
    said: 'no such collation sequence: LOCALIZED',
  }),
  newer: noted('shop', 'mysql', '10.2.0', noteOf('constructor', ['quantum\u001b[31m_tables'], 'shop')),
} as const satisfies Readonly<Record<string, NewNotes>>;
