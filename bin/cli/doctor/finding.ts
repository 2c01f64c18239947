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
}

/** What AWS answered: something, or that it does not exist; or why the answer is not known. */
export type Fact<T> = { readonly value: T | undefined } | { readonly unknown: string };

/** What AWS answered about one thing. */
export interface Thing<T> {
  readonly of: string;
  readonly fact: Fact<T>;
}

/** Good news. */
export const ok = (of: string, finding: string): Finding => ({ of, result: 'ok', finding });

/** Something works, but not as well as it should. */
export const warning = (of: string, finding: string, action: string): Finding => ({
  ...{ of, result: 'warning', finding, action },
});

/** Something does not work, or does not protect. */
export const failed = (of: string, finding: string, action: string): Finding => ({
  ...{ of, result: 'failed', finding, action },
});

/** Something could not be looked at. */
export const unknown = (of: string, why: string): Finding => ({ of, result: 'not checked', finding: why });

/** Judges what AWS answered. Without an answer nothing is checked, whatever the judgement would be. */
export function judge<T>(
  { of, fact }: Thing<T>,
  judgement: (value: T | undefined, of: string) => Finding | Finding[],
): Finding[] {
  if ('unknown' in fact) return [unknown(of, fact.unknown)];
  return [judgement(fact.value, of)].flat();
}

/** Things about which AWS did not answer: what hangs on them is not checked either. */
export const unanswered = (things: readonly Thing<unknown>[]): Thing<never>[] =>
  things.flatMap(({ of, fact }) => ('unknown' in fact ? [{ of, fact }] : []));

/** The value of a fact, if it is known and there. */
export const valueOf = <T>(fact: Fact<T>): T | undefined => ('value' in fact ? fact.value : undefined);

/** What to do about a thing that is gone. */
export const DEPLOY = 'deploy its stack again';
