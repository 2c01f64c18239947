import type { Section, SectionReader } from '../../engine';
import { asGrantor, grantsOf, words } from '../sql-words';
import { shown } from './definitions';
import { LOCATION } from './globals';
import { hashOf } from './hashes';
import { PROVER } from './prover';

/** The object that a statement of `pg_dumpall --globals-only` is about. */
function objectOf(statement: string): string {
  const [verb = '', kind = '', ...rest] = words(statement);
  const on = rest.indexOf('ON');
  if (kind === 'ROLE' && verb !== 'GRANT') return `role ${rest[0] ?? ''}`;
  if (kind === 'TABLESPACE') return `tablespace ${rest[0] ?? ''}`;
  if (['COMMENT', 'SECURITY'].includes(verb)) return `${rest[on + 1]?.toLowerCase() ?? ''} ${rest[on + 2] ?? ''}`;
  if (verb === 'GRANT' && rest[0] === 'TO') return `memberships of role ${rest[1] ?? ''}`;
  if (on >= 0 && ['TABLESPACE', 'PARAMETER'].includes(rest[on + 1] ?? ''))
    return `${rest[on + 1]!.toLowerCase()} ${rest[on + 2] ?? ''}`;
  return 'other settings of the server';
}

/** Cuts what `pg_dumpall --globals-only` writes into roles, their memberships and tablespaces; it is small. */
export class GlobalsSections implements SectionReader {
  private readonly chunks: Buffer[] = [];

  see(chunk: Buffer): void {
    this.chunks.push(chunk);
  }

  end(): ReadonlyMap<string, Section> {
    const objects = new Map<string, string[]>();
    for (const granted of grantsOf(Buffer.concat(this.chunks).toString('utf8'))) {
      const { statement } = granted;
      if (/^SET /.test(statement)) continue;
      const object = objectOf(statement);
      if (object !== `role ${PROVER}`)
        objects.set(object, [...(objects.get(object) ?? []), asGrantor(granted).replace(LOCATION, '')]);
    }
    return new Map(
      [...objects].map(([object, statements]) => {
        const text = statements.toSorted().join('\n');
        return [object, { kind: 'definition', hash: hashOf(text), text: shown('', text) } as const];
      }),
    );
  }
}
