import { registerEngine } from '../../../engines/facts';
import { MYSQL_ARGUMENTS } from '../../../engines/mysql/facts';
import { Database } from '../../../lib';
import { Setup } from '../support';

beforeAll(() =>
  registerEngine('toy', {
    title: 'Toy',
    versions: ['1.2'],
    image: (version) => `toy:${version}`,
    withoutArmImage: ['1.2'],
    reasons: [],
    notes: [],
    proof: { diskPerByte: 1, diskBytes: 0, memoryMiB: 512, tools: [] },
    server: {
      ...{ defaultPort: 4711, protocols: ['toy'], majorVersionParts: 2, rdsEngines: ['toy-rds'] },
      dumpTool: { name: 'toydump', ...MYSQL_ARGUMENTS },
    },
  }),
);

const toy = (setup: Setup, changes: object = {}) =>
  Database._ofServer('toy', { version: '1.2', host: 'db.internal', secret: setup.secret, ...changes });

test('a registered engine is backed up like any other: nothing outside of its facts names it', () => {
  const setup = new Setup();
  setup.add({ database: toy(setup) });
  const definitions = Object.values(setup.template().findResources('AWS::ECS::TaskDefinition'));
  const text = definitions.map((one) => JSON.stringify(one)).find((one) => !one.includes('"prove"'));
  for (const part of ['toy', '4711', 'db.internal', 'DATABASE_PASSWORD', 'dump']) expect(text).toContain(part);
});

test.each([
  [{ version: '2.0' }, 'Toy version must be one of 1.2, got: "2.0"'],
  [{ schemas: ['a'] }, 'schemas is for PostgreSQL only, got: Toy: leave it out'],
  [{ extraDumpArguments: ['--force'] }, 'dump argument "--force" is not allowed'],
])('its facts are what it is checked by: %j', (changes, sentence) => {
  const setup = new Setup();
  expect(() => setup.add({ database: toy(setup, changes), image: undefined })).toThrow(sentence);
});
