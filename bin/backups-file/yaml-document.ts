import type { Node, Pair } from 'yaml';
import { isAlias, isMap, isNode, isPair, isScalar, isSeq, LineCounter, parseDocument, visit } from 'yaml';

export type Path = readonly PropertyKey[];

/** A fault, and its place. */
export interface Fault {
  /** Left out if the file cannot be read. */
  readonly line?: number;
  readonly sentence: string;
}

/** `databases.shop.schemas[0]`. */
export const written = (path: Path): string =>
  path
    .map((key) => (typeof key === 'number' ? `[${key}]` : `.${String(key)}`))
    .join('')
    .replace(/^\./, '');

/** Plain texts that stand for no value: YAML's own, and what a template writes for a variable that is not set. */
const NOTHING = /^(|~|null|Null|NULL|undefined)$/;

/** A YAML file that knows the line of each of its values. */
export class YamlDocument {
  /** Its content. Scalars are texts, as the user wrote them, or null. */
  readonly content: unknown;
  /** Faults in its YAML; without any, there is a {@link content}. */
  readonly faults: readonly Fault[];
  private readonly lines = new LineCounter();
  private readonly document;

  constructor(source: string) {
    this.document = parseDocument(source, {
      lineCounter: this.lines,
      // No numbers, no booleans: the schema reads texts.
      schema: 'failsafe',
      merge: true,
      prettyErrors: false,
      uniqueKeys: false,
    });
    const { errors, warnings } = this.document;
    const syntax = [...errors, ...warnings].map(({ message, pos }) => ({
      line: this.lineAt(pos[0]),
      sentence: `not valid YAML: ${message}`,
    }));
    visit(this.document, {
      Scalar: (key, node) => {
        if (key !== 'key' && node.type === 'PLAIN' && NOTHING.test(node.source ?? '')) node.value = null;
      },
    });
    this.faults = [...syntax, ...this.wrongNodes()];
    this.content = this.faults.length > 0 ? undefined : this.document.toJS({ maxAliasCount: -1 });
  }

  /** Line of a value's key, or of the map that lacks it. */
  line(path: Path): number {
    return this.lineAt(this.find(path).start);
  }

  /** A value as the user wrote it, or `a map` and the like; `undefined` if it is not there. */
  shown(path: Path): string | undefined {
    const { node, found } = this.find(path);
    if (!found) return undefined;
    if (isMap(node)) return node.items.length > 0 ? 'a map' : 'an empty map';
    if (isSeq(node)) return node.items.length > 0 ? 'a list' : 'an empty list';
    if (!isScalar(node) || node.source === undefined) return 'nothing';
    const text = node.type === 'PLAIN' ? node.source : JSON.stringify(node.source);
    if (text === '') return 'nothing';
    return text.length > 80 ? `${text.slice(0, 80)}…` : text;
  }

  private lineAt(offset: number): number {
    return Math.max(1, this.lines.linePos(offset).line);
  }

  private find(path: Path): { node: Node | null; start: number; found: boolean } {
    let node = this.resolved(this.document.contents);
    let start = node?.range?.[0] ?? 0;
    for (const key of path) {
      const child: { value: unknown; at: unknown } | undefined = isMap(node)
        ? this.entry(node.items, key)
        : isSeq(node)
          ? { value: node.items[key as number], at: node.items[key as number] }
          : undefined;
      if (child === undefined) return { node: null, start, found: false };
      start = (isNode(child.at) && child.at.range?.[0]) || start;
      node = this.resolved(child.value);
    }
    return { node, start, found: true };
  }

  /** An entry of a map, its own or merged into it. */
  private entry(items: Pair[], key: PropertyKey): { value: unknown; at: unknown } | undefined {
    const named = (name: unknown) => items.find((pair) => isScalar(pair.key) && pair.key.source === name);
    const own = named(key);
    if (own) return { value: own.value, at: own.key };
    const merged = this.resolved(named('<<')?.value);
    const maps = isSeq(merged) ? merged.items.map((item) => this.resolved(item)) : [merged];
    for (const map of maps) {
      const entry = isMap(map) ? this.entry(map.items, key) : undefined;
      if (entry) return entry;
    }
    return undefined;
  }

  private resolved(node: unknown): Node | null {
    if (isAlias(node)) return node.resolve(this.document) ?? null;
    return isNode(node) ? node : null;
  }

  /** Faults that the parser lets pass: keys that are given twice, and aliases without an anchor. */
  private wrongNodes(): Fault[] {
    const faults: Fault[] = [];
    visit(this.document, {
      Map: (_, { items }, ancestors) => {
        const seen = new Map<unknown, number>();
        for (const { key } of items) {
          if (!isScalar(key)) continue;
          const line = this.lineAt(key.range?.[0] ?? 0);
          const first = seen.get(key.value);
          if (first !== undefined) {
            const keys = ancestors.filter(isPair).map((pair) => (isScalar(pair.key) ? pair.key.value : ''));
            const path = written([...keys, key.value] as string[]);
            faults.push({ line, sentence: `${path} is given twice, first on line ${first}: keep one of them` });
          } else {
            seen.set(key.value, line);
          }
        }
      },
      Alias: (_, alias) => {
        if (alias.resolve(this.document) !== undefined) return;
        const sentence = `*${alias.source} is not defined: there is no &${alias.source} before it`;
        faults.push({ line: this.lineAt(alias.range?.[0] ?? 0), sentence });
      },
    });
    return faults;
  }
}
