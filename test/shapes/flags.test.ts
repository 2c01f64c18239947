import { fullDiff } from '@aws-cdk/cloudformation-diff';
import * as cxapi from 'aws-cdk-lib/cx-api';
import { SHAPES } from './apps';
import { appWith, HOLD_DATA, resourcesOf, templates } from './support';

const expired = new Set<string>(cxapi.CURRENT_VERSION_EXPIRED_FLAGS);
const flags = Object.entries(cxapi.FLAGS).filter(([name]) => !expired.has(name));

/** As `cdk init` sets them today. */
const ON = Object.fromEntries(flags.map(([name, { recommendedValue }]) => [name, recommendedValue]));
/** As in an app that was made before any of them. */
const OFF = Object.fromEntries(
  flags.filter(([, { recommendedValue }]) => typeof recommendedValue === 'boolean').map(([name]) => [name, false]),
);
/** References to other stacks that do not hold on to them. */
const WEAK = { ...ON, '@aws-cdk/core:defaultCrossStackReferences': 'weak' };

const synthesised = (name: string, context: object) => {
  const app = appWith({ ...context });
  SHAPES[name]!(app);
  return templates(app);
};

test('there are flags', () => {
  expect(Object.keys(ON).length).toBeGreaterThan(60);
  expect(Object.keys(OFF).length).toBeGreaterThan(60);
});

test.each(Object.keys(SHAPES))(
  '%s: whatever the feature flags, the same resources hold data, and none is replaced',
  (name) => {
    const off = synthesised(name, OFF);
    for (const on of [synthesised(name, ON), synthesised(name, WEAK)]) {
      expect(Object.keys(on)).toEqual(Object.keys(off));
      expect(on).not.toEqual(off);
      const holders = resourcesOf(off).filter(([, , { Type }]) => HOLD_DATA.includes(Type));
      expect(holders).not.toEqual([]);
      const impacts = Object.keys(on).flatMap((file) => {
        const { changes } = fullDiff(off[file], on[file]).resources;
        return Object.entries(changes)
          .filter(([, { resourceType = '' }]) => HOLD_DATA.includes(resourceType))
          .map(([id, { changeImpact }]) => `${changeImpact} ${id}`)
          .filter((impact) => !impact.startsWith('WILL_UPDATE') && !impact.startsWith('NO_CHANGE'));
      });
      expect(impacts).toEqual([]);
    }
  },
);
