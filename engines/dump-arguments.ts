import type { ServerJob } from '../catalog/contract/task';
import type { DumpToolFacts } from './engine-facts';

/** Says why extra arguments of a dump tool are refused; `undefined` if none is. Free of dependencies. */
export function dumpArgumentFault(tool: DumpToolFacts, dumpArguments: readonly string[]): string | undefined {
  for (const argument of dumpArguments) {
    const reason = refusal(tool, argument);
    if (reason !== undefined) return `dump argument ${JSON.stringify(argument)} is not allowed: ${reason}; remove it`;
    if (!/^--?[a-z#]/i.test(argument))
      return `dump argument ${JSON.stringify(argument)} is not an option: write options as one word each, such as "--name=value"`;
  }
  return undefined;
}

/** Settings of a source that leave out parts of its databases: `excludeSchemas`, `--ignore-table=shop.log`. */
export function partsLeftOut(
  { leavesOut }: Pick<DumpToolFacts, 'leavesOut'>,
  { schemas, excludeSchemas, excludeCollections, extraDumpArguments = [] }: ServerJob,
): string[] {
  return [
    ...(schemas ? ['schemas'] : []),
    ...(excludeSchemas ? ['excludeSchemas'] : []),
    ...(excludeCollections ? ['excludeCollections'] : []),
    ...extraDumpArguments.filter((argument) => leavesOut?.test(argument)),
  ];
}

function refusal(tool: DumpToolFacts, argument: string): string | undefined {
  const long = /^--([^=]+)/.exec(argument)?.[1];
  const { refusals } = tool;
  if (long !== undefined)
    return refusals.find(({ options }) => options.some((name) => means(tool, long, name)))?.reason;
  const faults = shortOptions(tool, argument).map((letter) => refusals.find(({ options }) => options.includes(letter)));
  return faults.find((found) => found !== undefined)?.reason;
}

/** One word may hold several short options: `-vd`. */
function shortOptions({ valued }: DumpToolFacts, argument: string): string[] {
  const letters = [...(/^-(.+)/s.exec(argument)?.[1] ?? '')];
  const last = letters.findIndex((letter) => valued.includes(letter));
  return last < 0 ? letters : letters.slice(0, last + 1);
}

/** Tools accept unambiguous abbreviations of options; MySQL's also accept `_` for `-`, and some words in front. */
function means({ allowed, prefixes }: DumpToolFacts, given: string, refused: string): boolean {
  if (refused.length === 1) return false;
  let name = prefixes ? given.replaceAll('_', '-') : given;
  while (prefixes?.test(name)) name = name.replace(prefixes, '');
  if (allowed.includes(name)) return false;
  return refused.startsWith(name) || (refused.endsWith('-') && name.startsWith(refused));
}
