/**
 * Evaluates policies as IAM does within one account, or fails where a policy has what is not known here.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
 */

type Many = string | readonly string[];

/** Statement of a policy, with resolved values. */
export interface Statement {
  readonly Sid?: string;
  readonly Effect: string;
  readonly Principal?: '*' | Readonly<Record<string, Many>>;
  readonly Action?: Many;
  readonly NotAction?: Many;
  readonly Resource?: Many;
  readonly NotResource?: Many;
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

/** Document of a policy. */
export interface Policy {
  readonly Statement: Statement | readonly Statement[];
}

/** One thing that a request does with one resource. */
export interface Access {
  readonly action: string;
  /** ARN; `*` for an action that knows no resources. */
  readonly resource: string;
  /** Condition keys of the request. */
  readonly context: Readonly<Record<string, Many>>;
}

/** Role or service that asks, with the policies that count. */
export interface Policies {
  /** ARN of the role; `events.amazonaws.com` for a service. */
  readonly principal: string;
  /** Policies of the role. */
  readonly identity: readonly Policy[];
  readonly boundary?: Policy;
  /** Policies of the resource. */
  readonly resource: readonly Policy[];
}

/** Statements of a policy. */
export const statementsOf = ({ Statement }: Policy): readonly Statement[] => [Statement].flat();

/** Values of a property that may have one or several. */
export const many = (value: unknown): string[] => (value === undefined ? [] : [value].flat().map(String));

/** Whether the policies allow an access. */
export function isAllowed(access: Access, { principal, identity, boundary, resource }: Policies): boolean {
  const applying = (policies: readonly Policy[], effect: string) =>
    policies.flatMap(statementsOf).filter((one) => one.Effect === effect && applies(one, access, principal));
  const granted = applying(resource, 'Allow').map(({ Principal }) => named(Principal, principal)!);
  if (applying([...identity, ...resource, ...(boundary ? [boundary] : [])], 'Deny').length > 0) return false;
  if (granted.includes('all') || granted.includes('service')) return true;
  // A key and the trust of a role count on their own policies: these have to admit the account before those of its roles count.
  const needsAccount = /^(kms|sts):/.test(access.action);
  const byRole = applying(identity, 'Allow').length > 0 && (!needsAccount || granted.includes('account'));
  return (byRole || granted.includes('role')) && (!boundary || applying([boundary], 'Allow').length > 0);
}

function applies(statement: Statement, { action, resource, context }: Access, principal: string): boolean {
  const { Principal, Action, NotAction, Resource, NotResource, Condition = {} } = statement;
  const isAction = (pattern: string) => like(pattern.toLowerCase(), action.toLowerCase());
  const isResource = (pattern: string) => isArnLike(substitute(pattern, context), resource);
  if (Principal !== undefined && named(Principal, principal) === undefined) return false;
  if (Action === undefined ? many(NotAction).some(isAction) : !many(Action).some(isAction)) return false;
  // The policy of trust of a role has no resources.
  if (Resource !== undefined && !many(Resource).some(isResource)) return false;
  if (NotResource !== undefined && many(NotResource).some(isResource)) return false;
  return Object.entries(Condition).every(([operator, keys]) =>
    Object.entries(keys).every(([key, wanted]) => holds(operator, key, many(wanted), context)),
  );
}

/** As what a statement names a principal: by itself, as part of its account, or as one of all. */
function named(
  principals: Statement['Principal'],
  principal: string,
): 'all' | 'service' | 'role' | 'account' | undefined {
  const { AWS, Service, ...others } = principals === '*' ? { AWS: '*' } : (principals ?? {});
  if (Object.keys(others).length > 0) throw new Error(`unknown principals: ${JSON.stringify(principals)}`);
  const account = principal.split(':')[4];
  if (many(AWS).includes('*')) return 'all';
  if (account === undefined) return many(Service).includes(principal) ? 'service' : undefined;
  if (many(AWS).includes(principal)) return 'role';
  return many(AWS).some((arn) => arn === account || arn === `arn:aws:iam::${account}:root`) ? 'account' : undefined;
}

type Test = (value: string, wanted: string) => boolean;

const TESTS: Readonly<Record<string, Test>> = {
  StringEquals: (value, wanted) => value === wanted,
  StringEqualsIgnoreCase: (value, wanted) => value.toLowerCase() === wanted.toLowerCase(),
  StringLike: (value, wanted) => like(wanted, value),
  ArnEquals: (value, wanted) => isArnLike(wanted, value),
  ArnLike: (value, wanted) => isArnLike(wanted, value),
  Bool: (value, wanted) => value.toLowerCase() === wanted.toLowerCase(),
  NumericEquals: (value, wanted) => Number(value) === Number(wanted),
  NumericLessThan: (value, wanted) => Number(value) < Number(wanted),
  NumericLessThanEquals: (value, wanted) => Number(value) <= Number(wanted),
  NumericGreaterThan: (value, wanted) => Number(value) > Number(wanted),
  NumericGreaterThanEquals: (value, wanted) => Number(value) >= Number(wanted),
};

/** https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html */
function holds(operator: string, key: string, wanted: readonly string[], context: Access['context']): boolean {
  const [, quantifier, name = '', ifExists] = /^(ForAllValues:|ForAnyValue:)?(\w+?)(IfExists)?$/.exec(operator) ?? [];
  const found = Object.entries(context).find(([other]) => other.toLowerCase() === key.toLowerCase());
  const values = many(found?.[1]);
  if (name === 'Null') return wanted.includes(String(values.length === 0));
  const negated = name.includes('Not');
  const test = TESTS[name.replace('Not', '')];
  if (!test) throw new Error(`unknown operator of a condition: ${operator}`);
  const fits = (value: string) => wanted.some((one) => test(value, substitute(one, context))) !== negated;
  if (quantifier === 'ForAllValues:') return values.every(fits);
  if (values.length === 0) return ifExists !== undefined || (negated && quantifier === undefined);
  return values.some(fits);
}

/** `${aws:PrincipalTag/team}` and the like. A variable without a value matches nothing. */
function substitute(text: string, context: Access['context']): string {
  return text.replace(/\$\{([^}]+)\}/g, (_, name: string) => {
    if (['*', '?', '$'].includes(name)) return name === '$' ? name : `[${name}]`;
    const [found] = many(Object.entries(context).find(([key]) => key.toLowerCase() === name.toLowerCase())?.[1]);
    return found ?? '\0';
  });
}

/** Wildcards in the parts of an ARN stay within their part, but for the last. */
function isArnLike(pattern: string, arn: string): boolean {
  if (pattern === '*') return true;
  const [patterns, parts] = [pattern, arn].map((text) => text.split(':'));
  const cut = (all: string[]) => [...all.slice(0, 5), all.slice(5).join(':')];
  return parts!.length >= 6 && cut(patterns!).every((part, index) => like(part, cut(parts!)[index]!));
}

const patterns = new Map<string, RegExp>();

/** `*` is any text, `?` any character; `[*]` and `[?]` are themselves. */
function like(pattern: string, text: string): boolean {
  let made = patterns.get(pattern);
  if (!made) {
    const source = pattern.replace(/\[[*?]\]|[.*+?^${}()|[\]\\]/g, (part) =>
      part === '*' ? '.*' : part === '?' ? '.' : `\\${part.length === 3 ? part[1] : part}`,
    );
    patterns.set(pattern, (made = new RegExp(`^${source}$`, 's')));
  }
  return made.test(text);
}
