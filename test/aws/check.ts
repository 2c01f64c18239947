/** A question to AWS, and its answer. */
import type { Account } from './account';
import type { Part } from './names';

/** The answer to a question. */
export interface Answer {
  readonly outcome: 'verified' | 'refuted' | 'not answered';
  /** What was seen, or why there is no answer. */
  readonly seen: string;
}

export const verified = (seen: string): Answer => ({ outcome: 'verified', seen });
export const refuted = (seen: string): Answer => ({ outcome: 'refuted', seen });
export const notAnswered = (why: string): Answer => ({ outcome: 'not answered', seen: why });
/** Verified if it holds, else refuted. */
export const judged = (holds: boolean, seen: string): Answer => (holds ? verified : refuted)(seen);

/** Of an emulated AWS that has neither. */
export const HARNESS = 'the harness plays EventBridge Scheduler and ECS';

/** One check of the list. */
export interface Check {
  readonly id: string;
  readonly question: string;
  /** Why an emulated AWS cannot decide it: the check runs there too, and its answer is not counted. */
  readonly undecidedBy?: string;
  /** The part of the stack that it needs. */
  readonly part?: Part;
  readonly answer: (account: Account) => Promise<Answer>;
}

/** A check and its answer. */
export interface Result extends Answer {
  readonly check: Check;
  /** The check itself failed. */
  readonly broken: boolean;
}

/** Answers one check. Never throws. */
export async function answer(check: Check, account: Account): Promise<Result> {
  if (check.part && !account.plan.parts.includes(check.part))
    return { check, ...notAnswered(`the stack has no such part: --with ${check.part}`), broken: false };
  try {
    const given = await check.answer(account);
    const counts = check.undecidedBy === undefined || !account.emulated;
    const seen = `${check.undecidedBy}; seen there: ${given.seen}`;
    return { check, ...(counts ? given : notAnswered(seen)), broken: false };
  } catch (error) {
    return { check, ...notAnswered(`the check failed: ${(error as Error).message}`), broken: true };
  }
}
