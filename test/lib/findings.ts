import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { App } from 'aws-cdk-lib';
import { Validations } from 'aws-cdk-lib';
import { AwsSolutionsChecks, HIPAASecurityChecks, NIST80053R5Checks, PCIDSS321Checks } from 'cdk-nag';
import { ours } from './ours';
import type { Json } from './support';

const PACKS = [AwsSolutionsChecks, NIST80053R5Checks, HIPAASecurityChecks, PCIDSS321Checks];

/** What cdk-nag says about the resources of this library; what it says about the rest of the test stack is left out. */
export function findings(app: App): string[] {
  Validations.of(app).addPlugins(...PACKS.map((Pack) => new Pack(app)));
  const log = jest.spyOn(console, 'error').mockImplementation();
  let directory = app.outdir;
  try {
    directory = app.synth().directory;
  } catch {
    // The findings on the rest of the stack fail the synthesis; the report is written all the same.
  }
  log.mockRestore();
  const { pluginReports }: Json = JSON.parse(readFileSync(join(directory, 'validation-report.json'), 'utf8'));
  const found = pluginReports.flatMap(({ violations }: Json) => violations);
  // The rules of each pack were run: the test's own VPC has no flow log.
  const rules = found.map(({ ruleName }: Json) => ruleName);
  const flowLogs = ['NIST.800.53.R5', 'HIPAA.Security', 'PCI.DSS.321'].map((pack) => `${pack}-VPCFlowLogsEnabled`);
  expect(rules).toEqual(expect.arrayContaining(['AwsSolutions-VPC7', ...flowLogs]));
  const paths = new Set(ours(app).map(({ node }) => node.path));
  return found.flatMap(({ ruleName, violatingConstructs }: Json) =>
    violatingConstructs
      .filter(({ constructPath }: Json) => paths.has(constructPath))
      .map(({ constructPath }: Json) => `${ruleName} ${constructPath}`),
  );
}
