import type { ProofDifference } from '../../../catalog/bucket/verdict';
import { redact } from '../../../catalog/redact';
import type { Left, SectionReader, Section } from '../../../engines/engine';
import type { Finding } from '../findings';

/** The sections of a dump, of all its objects. */
export class DumpSections {
  readonly all = new Map<string, Section>();
  /** Files of the objects by the names of their sections of rows. */
  readonly files = new Map<string, Set<string>>();
  /** What has no section. */
  readonly left: Left[] = [];

  /** Adds the sections of an object that was read. A name that another object has, too, gets that of the file behind it. */
  add(file: string, reader: Pick<SectionReader, 'end' | 'left'>): void {
    for (const [name, section] of reader.end()) {
      this.all.set(this.all.has(name) ? `${name} (${file})` : name, section);
      if (section.kind === 'rows') this.files.set(name, (this.files.get(name) ?? new Set()).add(file));
    }
    this.left.push(...(reader.left ?? []));
  }
}

/** What the sections of two dumps show. */
export interface ComparedSections extends Finding {
  /** Sections of rows that are not the same: they may have come in another order. */
  readonly rows: readonly string[];
}

/** Compares the sections of the backup with those of the restored server's dump. */
export function compareSections(
  backup: ReadonlyMap<string, Section>,
  restored: ReadonlyMap<string, Section>,
): ComparedSections {
  const differences: ProofDifference[] = [];
  const rows: string[] = [];
  const isGone = (name: string, from: ReadonlyMap<string, Section>) =>
    backup.has(definitionOf(name)) !== restored.has(definitionOf(name)) && !from.has(definitionOf(name));
  const names = new Set([...backup.keys(), ...restored.keys()]);
  for (const name of names) {
    const [before, after] = [backup.get(name), restored.get(name)];
    if (before?.hash === after?.hash && before?.kind === after?.kind) continue;
    if ((before ?? after)!.kind === 'rows') {
      // Its definition is missing, too, and says so.
      if (!isGone(name, before ? restored : backup)) rows.push(name);
      continue;
    }
    const difference = { check: 'sections', object: name } as const;
    if (!after) differences.push({ ...difference, kind: 'missing' });
    else if (!before) differences.push({ ...difference, kind: 'unexpected' });
    else differences.push({ ...difference, kind: 'changed', ...firstChange(before.text, after.text) });
  }
  return { differences, compared: names.size, rows };
}

/** The name of the section with the definition of what has these rows. */
const definitionOf = (rows: string): string => `definition of ${rows}`;

const LINE_CHARACTERS = 300;

/** The first line of a definition that differs. */
function firstChange(before = '', after = ''): Pick<ProofDifference, 'expected' | 'found'> {
  const [expected, found] = [before.split('\n'), after.split('\n')];
  const at = [...expected, ...found].findIndex((_, line) => expected[line] !== found[line]);
  return { ...lineOf('expected', expected[at]), ...lineOf('found', found[at]) };
}

const lineOf = (name: 'expected' | 'found', line: string | undefined) =>
  line === undefined ? {} : { [name]: redact(line.trim()).slice(0, LINE_CHARACTERS) };
