/** Globs that choose files. Documented for users in `docs/files.md`. */
import picomatch from 'picomatch';
import { ancestorsOf, textOf } from './name';

/** Names that begin with a point are as others; `.` is any character, line ends too. */
const OPTIONS: picomatch.PicomatchOptions & { readonly flags: string } = {
  ...{ dot: true, noextglob: true, nonegate: true, flags: 's' },
};

/** A test of paths; a pattern that matches a directory holds for all that is in it. */
type Test = (text: string) => boolean;

const testOf = (patterns: readonly string[]): Test => {
  const tests = patterns.map((pattern) => picomatch(pattern.replace(/\/+$/, ''), OPTIONS));
  return (text) => tests.some((test) => test(text));
};

/** Whether a path, or a directory above it, matches one of the patterns. */
export function matcher(patterns: readonly string[]): (path: string) => boolean {
  if (patterns.length === 0) return () => false;
  const test = testOf(patterns);
  return (path) => test(textOf(path)) || [...ancestorsOf(path)].some((directory) => test(textOf(directory)));
}

/** What is chosen below a directory, by patterns relative to it. */
export class Selection {
  private readonly included: Test | undefined;
  private readonly excluded: Test;
  /** The fixed beginnings of the patterns that include. */
  private readonly bases: readonly string[];

  /**
   * @param include everything when left out
   * @param exclude wins over `include`
   */
  constructor(include: readonly string[] | undefined, exclude: readonly string[] = []) {
    this.included = include && testOf(include);
    this.excluded = testOf(exclude);
    this.bases = (include ?? []).map((pattern) => picomatch.scan(pattern.replace(/\/+$/, '')).base);
  }

  /**
   * Judges a path whose parent was entered.
   *
   * @param isChosen whether a directory above it is chosen, with all that is in it
   * @returns `perhaps` for what is not chosen itself, but may have something that is, if it is a directory
   */
  judge(path: string, isChosen: boolean): 'yes' | 'no' | 'perhaps' {
    const text = textOf(path);
    if (path === '.') return this.included ? 'perhaps' : 'yes';
    if (this.excluded(text)) return 'no';
    if (isChosen || !this.included || this.included(text)) return 'yes';
    const mayHold = this.bases.some(
      (base) => base === '' || `${base}/`.startsWith(`${text}/`) || `${text}/`.startsWith(`${base}/`),
    );
    return mayHold ? 'perhaps' : 'no';
  }
}
