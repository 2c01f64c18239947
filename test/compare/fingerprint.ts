/** Facts of a database by object: `table shop.book` -> its definition, `rows shop.book` -> a digest. */
export type Fingerprint = Readonly<Record<string, string>>;

const excerpt = (text: string, at: number): string => JSON.stringify(text.slice(Math.max(0, at - 30), at + 50));

/** One sentence for each thing that is missing, too many, or not the same in `restored`. Empty: they are equal. */
export function differences(source: Fingerprint, restored: Fingerprint): string[] {
  const found: string[] = [];
  for (const name of new Set([...Object.keys(source), ...Object.keys(restored)])) {
    const [before, after] = [source[name], restored[name]];
    if (before === after) continue;
    if (after === undefined) found.push(`${name} is missing`);
    else if (before === undefined) found.push(`${name} is too many`);
    else {
      const at = [...before].findIndex((_, index) => before[index] !== after[index]);
      const from = at < 0 ? before.length : at;
      found.push(`${name} differs: ${excerpt(before, from)} became ${excerpt(after, from)}`);
    }
  }
  return found;
}
