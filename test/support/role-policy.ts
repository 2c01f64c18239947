/** Decides about requests of a role by its own policies, as far as the policies of the roles need it. */

type Many = string | readonly string[];

/** Statement of a policy, with resolved values. */
export interface Statement {
  readonly Effect: string;
  readonly Action: Many;
  readonly Resource: Many;
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, Many>>>>;
}

/** A request. */
interface Access {
  readonly action: string;
  readonly resource: string;
  readonly context: Readonly<Record<string, string>>;
}

/** IAM's decision about a request. */
export function isAllowed(access: Access, statements: readonly Statement[]): boolean {
  const effects = statements.filter((statement) => applies(statement, access)).map(({ Effect }) => Effect);
  return effects.includes('Allow') && !effects.includes('Deny');
}

const applies = ({ Action, Resource, Condition = {} }: Statement, { action, resource, context }: Access): boolean =>
  [Action].flat().some((pattern) => like(pattern, action)) &&
  [Resource].flat().some((pattern) => like(pattern, resource)) &&
  Object.entries(Condition).every(([operator, keys]) =>
    Object.entries(keys).every(([key, wanted]) =>
      [wanted].flat().some((one) => OPERATORS[operator]!(context[key], one)),
    ),
  );

/** The operators that the policies use. */
const OPERATORS: Record<string, (value: string | undefined, wanted: string) => boolean> = {
  Null: (value, wanted) => (value === undefined) === (wanted === 'true'),
  Bool: (value, wanted) => value === wanted,
  StringEquals: (value, wanted) => value === wanted,
  ArnEquals: (value, wanted) => value === wanted,
  StringLike: (value, wanted) => value !== undefined && like(wanted, value),
};

const like = (pattern: string, text: string): boolean =>
  new RegExp(
    `^${pattern
      .replace(/[.+^${}()|[\]\\]/g, '\\$&')
      .replaceAll('*', '.*')
      .replaceAll('?', '.')}$`,
  ).test(text);
