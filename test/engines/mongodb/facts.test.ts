import type { DumpJob } from '../../../catalog/contract/task';
import { MONGODB_FACTS } from '../../../engines/mongodb/facts';
import { checkVersions } from '../../../engines/shared/versions';

/** They skip documents with an empty field name: https://jira.mongodb.org/browse/TOOLS-2931 */
const SKIPS = '100.4.0';

test.each(MONGODB_FACTS.versions)('tools that skip documents make no dump of MongoDB %s', (version) => {
  const job = { engineVersion: version } as DumpJob;
  const check = (tools: string) => () => checkVersions(job, MONGODB_FACTS, `${version}.9`, tools);
  expect(check(SKIPS)).toThrow(`the dump tool is of version ${SKIPS}, older than the server's`);
  expect(check('100.12.2')).not.toThrow();
});
