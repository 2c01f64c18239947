// The self-test in an AWS account, on a machine that it makes ready first: npm run test:aws -- --yes-create-resources
import { runOnOwnNode, setUpOrExit } from './setup.mjs';

const USAGE = `Usage: npm run test:aws -- --yes-create-resources [<options>]

Deploys a small stack into your AWS account, backs up a database that it starts,
answers the open questions about AWS, writes docs/verified-on-aws.md, and removes
everything. Needs credentials, a bootstrapped account and Region, Docker, and the
account's consent: docs/self-test.md.

Options:
  --yes-create-resources  you agree that it costs money
  --with <part>,<part>    more parts: ec2, trail, volume, rds, aurora
  --report <file>         where the results go (default: docs/verified-on-aws.md)
  --clean-up              only removes what a run that was killed left behind
  --help                  prints this help
`;

const args = process.argv.slice(2);
if (args.includes('--help')) {
  process.stdout.write(USAGE);
} else {
  setUpOrExit();
  process.exitCode =
    (await runOnOwnNode(['scripts/build.mjs', '--bundles-only'])) ||
    (await runOnOwnNode(['scripts/bundle-app.mjs', 'test/aws/main.ts'], 'ignore')) ||
    (await runOnOwnNode(['dist/apps/test-aws-main.js', ...args]));
}
