/** Reads policies of buckets and keys. */

type OneOrMore = string | readonly string[];

/** A statement of a policy, as far as it is read here. */
export interface Statement {
  readonly Effect: 'Allow' | 'Deny';
  readonly Principal?: OneOrMore | Readonly<Record<string, OneOrMore>>;
  readonly Action?: OneOrMore;
  readonly Resource?: OneOrMore;
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, OneOrMore | number>>>>;
}

/** The statements of a policy with an effect on an action. */
export function statementsOf(policy: string | undefined, effect: Statement['Effect'], action: string): Statement[] {
  const { Statement: all } = JSON.parse(policy ?? '{"Statement":[]}') as { Statement: Statement | Statement[] };
  const names = ({ Action = [] }: Statement) => [Action].flat().some((pattern) => isLike(pattern, action));
  return [all].flat().filter((one) => one.Effect === effect && names(one));
}

/** Accounts, roles and services that a statement names. */
export const principalsOf = ({ Principal = [] }: Statement): string[] =>
  (typeof Principal === 'object' ? Object.values(Principal) : [Principal]).flat();

/** Conditions of a statement. `…IfExists` only adds to what a denial denies. */
export const conditionsOf = ({ Condition = {} }: Statement): { operator: string; key: string; values: string[] }[] =>
  Object.entries(Condition).flatMap(([operator, keys]) =>
    Object.entries(keys).map(([key, values]) => ({
      ...{ operator: operator.replace(/IfExists$/, ''), key, values: [values].flat().map(String) },
    })),
  );

/** Whether a text fits a pattern with `*` and `?`. */
export function isLike(pattern: string, text: string): boolean {
  const source = pattern
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  return new RegExp(`^${source}$`).test(text);
}
