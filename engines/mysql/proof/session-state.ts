/** `SET …`, within the comment for versions that the tools write around it. */
const SET = /^(?:\/\*M?!\d*\s*)?SET\s+([^]*?)\s*(?:\*\/)?\s*;*\s*$/i;
/** One assignment of several: quoted texts may hold commas. */
const ASSIGNMENT = /(?:[^,'"`]|'(?:[^'\\]|\\[^]|'')*'|"(?:[^"\\]|\\[^]|"")*"|`[^`]*`)+/g;
const PAIR = /^((?:@@|@)?[\w.]+)\s*:?=\s*([^]*)$/;
/** What decides how a statement is understood. All else that the tools set makes the load faster. */
const MEANINGFUL = [
  ...['character_set_client', 'collation_connection', 'sql_mode', 'time_zone'],
  ...['system_versioning_insert_history'],
];

/**
 * What the session that loads a dump is set to, as far as it decides what statements mean. The tools save a setting, change it
 * for one object and bring it back: only what is set when an object is made is a part of it.
 */
export class SessionState {
  private readonly values = new Map<string, string>();

  /** Takes a statement. Returns whether it is `SET`. */
  take(statement: string): boolean {
    const [, assignments] = SET.exec(statement) ?? [];
    if (assignments === undefined) return false;
    for (const [assignment] of assignments.matchAll(ASSIGNMENT)) this.assign(assignment.trim());
    return true;
  }

  /** What it is set to, as a text: equal for equal settings. */
  toString(): string {
    return MEANINGFUL.map((name) => `${name}=${this.values.get(name) ?? ''}`).join(' ');
  }

  private assign(assignment: string): void {
    const [, names] = /^NAMES\s+(.+)$/i.exec(assignment) ?? [];
    if (names !== undefined) {
      this.values.set('character_set_client', names);
      this.values.set('collation_connection', names);
      return;
    }
    const [, target, value] = PAIR.exec(assignment) ?? [];
    if (target !== undefined && value !== undefined) this.values.set(variable(target), this.valueOf(value.trim()));
  }

  private valueOf(value: string): string {
    if (!value.startsWith('@')) return value;
    const name = variable(value);
    // What the server began with is the same for both dumps.
    return this.values.get(name) ?? (name.startsWith('@') ? value : '');
  }
}

/** `@@session.SQL_MODE` is `sql_mode`; `@saved` stays. */
const variable = (name: string): string =>
  name
    .toLowerCase()
    .replace(/^@@/, '')
    .replace(/^(?:session|local)\./, '');
