import type { IConstruct } from 'constructs';
import { BackupAlarms, BackupBucket } from '../../lib';
import { everything } from '../lib/everything';
import { document, plain, tableRows } from './markdown';

// CDK's own rules for templates take a third of a synthesis.
beforeAll(() => void (process.env.CDK_VALIDATION = 'false'));

const PACKS = /^(?:annotation::)?(?:NIST\.800\.53\.R5|HIPAA\.Security|PCI\.DSS\.321)-/i;

/** Rules of the compliance packs that a tree of constructs acknowledges. */
const acknowledged = (app: IConstruct): string[] =>
  app.node
    .findAll()
    .flatMap(({ node }) => node.metadata)
    .flatMap(({ data }) => (typeof data === 'object' && data !== null ? Object.keys(data as object) : []))
    .filter((id) => PACKS.test(id))
    .map((id) => id.replace(PACKS, ''));

test('the page lists exactly what the constructs acknowledge', () => {
  const setup = everything();
  const bucket = new BackupBucket(setup.stack, 'Other');
  new BackupAlarms(setup.stack, 'Alone', { bucket, emails: ['ops@example.com'] });
  const template = setup.template().toJSON() as { Resources: Record<string, { Metadata?: Record<string, unknown> }> };
  const skipped = Object.values(template.Resources).flatMap(({ Metadata }) => {
    const checkov = Metadata?.checkov as { skip: { id: string }[] } | undefined;
    return checkov?.skip.map(({ id }) => id) ?? [];
  });
  const rows = tableRows(document('docs/cdk-apps.md').section('Compliance checks')).map((row) => row.map(plain));
  const column = (index: number) => new Set(rows.map((row) => row[index]!).filter((cell) => cell !== '—'));
  expect([...column(0)].sort()).toEqual([...new Set(acknowledged(setup.app))].sort());
  expect([...column(1)].sort()).toEqual([...new Set(skipped)].sort());
});
