// The self-test in a real account: deploys a stack, answers the list of checks, and removes everything. scripts/test-aws.mjs
// explains its options. An endpoint in AWS_ENDPOINT_URL makes it run, with the same steps, against an emulated AWS.
import * as fs from 'node:fs';
import * as os from 'node:os';
import { parseArgs } from 'node:util';
import { GetParameterCommand, ParameterNotFound } from '@aws-sdk/client-ssm';
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { ask, Aws } from '../../bin/cli/aws/aws';
import { CommandError } from '../../bin/cli/errors';
import { Account } from './account';
import { answer, type Result } from './check';
import { CHECKS } from './checks';
import { CONSENT, CONSENT_VALUE, COSTS, PARTS, SERVER_VARIABLE, STACK, TAG } from './names';
import type { GivenServer, Part, Plan } from './names';
import { pageOf, summary, tableOf } from './report';
import { cleanUp, deploy, leftovers, stackStatus } from './stack';

const { values } = parseArgs({
  options: {
    'yes-create-resources': { type: 'boolean', default: false },
    'clean-up': { type: 'boolean', default: false },
    with: { type: 'string', default: '' },
    report: { type: 'string' },
  },
});
const emulated = process.env.AWS_ENDPOINT_URL !== undefined;

/** @throws CommandError unless the account allows it */
async function requireConsent(region: string): Promise<string> {
  const who = { doing: 'find out the account', action: 'sts:GetCallerIdentity' };
  const { Account: account } = await ask(who, () => new STSClient({}).send(new GetCallerIdentityCommand({})));
  const wish = { doing: 'read the consent of the account', action: 'ssm:GetParameter' };
  const given = await ask(wish, () =>
    new Aws({})
      .ssm()
      .send(new GetParameterCommand({ Name: CONSENT }))
      .catch((error: Error) => {
        if (error instanceof ParameterNotFound) return undefined;
        throw error;
      }),
  );
  if (given?.Parameter?.Value === CONSENT_VALUE) return account!;
  throw new CommandError(
    `account ${account} has not consented to the self-test in ${region}: use an account without anything of value, and run: aws ssm put-parameter --region ${region} --name ${CONSENT} --type String --value ${CONSENT_VALUE}`,
  );
}

function partsOf(given: string): Part[] {
  const wanted = given.split(',').filter(Boolean);
  const unknown = wanted.find((part) => !(PARTS as readonly string[]).includes(part));
  if (unknown === undefined) return wanted as Part[];
  throw new CommandError(`--with must be some of ${PARTS.join(',')}, got: ${unknown}`);
}

/** Removes what a run left, and says what remains. */
async function remove(): Promise<boolean> {
  console.log(`Removing the stack ${STACK} and everything with the tag ${TAG.key}=${TAG.value} …`);
  await cleanUp();
  const { left, keys } = await leftovers(emulated ? 0 : 10);
  for (const key of keys) console.log(`  waits for its deletion by KMS, free of charge: ${key}`);
  for (const arn of left) console.log(`  STILL THERE: ${arn}`);
  if (left.length === 0) console.log('Nothing is left.');
  return left.length === 0;
}

async function check(plan: Plan, region: string, signal: AbortSignal): Promise<boolean> {
  console.log(`Deploying the stack ${STACK} …`);
  const account = new Account(plan, emulated, await deploy(plan, signal), signal);
  const results: Result[] = [];
  for (const one of CHECKS) {
    signal.throwIfAborted();
    const result = await answer(one, account);
    console.log(`  ${result.outcome.padEnd(14)}${one.id}`);
    results.push(result);
  }
  signal.throwIfAborted();
  console.log(`\n${tableOf(results)}\n${summary(results)}`);
  const report = values.report ?? (emulated ? undefined : 'docs/verified-on-aws.md');
  const run = { at: new Date(), region, emulated, parts: plan.parts };
  if (report !== undefined) fs.writeFileSync(report, pageOf(results, run));
  return !results.some(({ outcome, broken }) => outcome === 'refuted' || broken);
}

async function main(): Promise<number> {
  const parts = partsOf(values.with);
  if (!values['yes-create-resources'] && !values['clean-up'])
    throw new CommandError('this creates resources that cost money: repeat it with --yes-create-resources');
  const region = await ask({ doing: 'find out the Region', action: 'nothing' }, () =>
    new STSClient({}).config.region(),
  );
  const id = await requireConsent(region);
  if (values['clean-up']) return (await remove()) ? 0 : 1;
  if ((await stackStatus()) !== undefined)
    throw new CommandError(`the stack ${STACK} is there already: remove it with npm run test:aws -- --clean-up`);
  const costs = (['base', ...parts] as const).map((part) => COSTS[part]);
  const [dollars, minutes] = [0, 1].map((at) => costs.reduce((sum, cost) => sum + cost[at]!, 0));
  console.log(`Account ${id}, Region ${region}: about ${dollars!.toFixed(2)} USD, and ${minutes} minutes.`);
  console.log(`Everything gets the tag ${TAG.key}=${TAG.value}. Ctrl-C stops and removes it.`);
  const server = emulated ? (JSON.parse(process.env[SERVER_VARIABLE]!) as GivenServer) : undefined;

  const stopping = new AbortController();
  let interrupted: NodeJS.Signals | undefined;
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.on(name, () => {
      if (!interrupted) console.error(`${name}: cleaning up, which takes some minutes …`);
      interrupted ??= name;
      stopping.abort();
    });
  }
  const passed = await check({ parts, server }, region, stopping.signal).catch((error: Error) => {
    if (!interrupted) console.error(error.message);
    return false;
  });
  const removed = await remove();
  if (interrupted) return 128 + os.constants.signals[interrupted];
  return passed && removed ? 0 : 1;
}

main()
  .catch((error: Error) => {
    console.error(error instanceof CommandError ? error.message : error.stack);
    return 1;
  })
  .then((code) => process.exit(code));
