/** What AWS answers, and what a check finds in it. */

/** Results of a check, from good to bad. */
export const RESULTS = ['ok', 'warning', 'not checked', 'failed'] as const;
export type Result = (typeof RESULTS)[number];

/** What a check finds about one thing. */
export interface Finding {
  /** The thing: a bucket, a source, a function. */
  readonly of: string;
  readonly result: Result;
  /** A sentence that begins with a small letter. */
  readonly finding: string;
  /** What to do about it; not for what is ok. */
  readonly action?: string;
  /** A command that does it. */
  readonly command?: string;
}

/** Why AWS did not answer, and what to do about it. */
interface Unknown {
  readonly unknown: string;
  readonly action?: string;
}

/** What AWS answered about one thing: something, or that it does not exist; or why the answer is not known. */
export interface Thing<T> {
  readonly of: string;
  readonly fact: { readonly value: T | undefined } | Unknown;
}

/** Good news. */
export const ok = (of: string, finding: string): Finding => ({ of, result: 'ok', finding });

const bad =
  (result: Result) =>
  (of: string, finding: string, action?: string, command?: string): Finding => ({
    ...{ of, result, finding },
    ...(action !== undefined && { action }),
    ...(command !== undefined && { command }),
  });

/** Something works, but not as well as it should. */
export const warning = bad('warning');

/** Something could not be looked at. */
export const notChecked = bad('not checked');

/** Something does not work, or does not protect. */
export const failed = bad('failed');

/** Judges an answer of AWS about a thing. */
export type Judgement<T> = (value: T | undefined, of: string) => Finding | readonly Finding[];

/** Judges what AWS answered. Without an answer nothing is checked, whatever the judgement would be. */
export function judge<T>({ of, fact }: Thing<T>, judgement: Judgement<T>): Finding[] {
  return 'value' in fact ? [judgement(fact.value, of)].flat() : [notChecked(of, fact.unknown, fact.action)];
}

/** Judges each of many things. */
export const judgeEach = <T>(things: readonly Thing<T>[], judgement: Judgement<T>): Finding[] =>
  things.flatMap((thing) => judge(thing, judgement));

/** The answer about a thing, if it is known and there. */
export const valueOf = <T>({ fact }: Thing<T>): T | undefined => ('value' in fact ? fact.value : undefined);

/** The answers about things that are known and there. */
export const valuesOf = <T>(things: readonly Thing<T>[]): T[] => things.flatMap((thing) => valueOf(thing) ?? []);

/** What to do about most things that are gone. */
export const DEPLOY = 'deploy its stack again';
