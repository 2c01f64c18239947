import type { CommonReason, ReasonValues } from '../../../catalog/contract/failure';
import type { AdviceStep } from '../../../engines/engine-advice';
import type { Step } from './advice-table';
import type { AdviceContext } from './context';

/** Advice about a reason that does not depend on the engine. */
export interface ReasonAdvice {
  /** The event, without the values. */
  readonly title: string;
  /** The same with the values; the title when left out. */
  readonly happened?: (values: ReasonValues) => string;
  readonly likelyCause: string;
  /** The most important action, in one sentence. */
  readonly action: string | ((context: AdviceContext) => string);
  /** @param ofEngine steps that only the engine knows; none if the engine is not known, or has none */
  readonly steps: (context: AdviceContext, ofEngine: readonly AdviceStep[]) => readonly Step[];
}

/** Reasons of one exit code: a reason without advice does not compile where all tables are put together. */
export type ReasonTable<R extends CommonReason> = Readonly<Record<R, ReasonAdvice>>;

/** `shop-db.internal:3306`, as far as it is known. */
export const serverOf = ({ host, port }: ReasonValues, otherwise = 'the server'): string =>
  host === undefined ? otherwise : `${host.includes(':') ? `[${host}]` : host}${port === undefined ? '' : `:${port}`}`;
