import { CHECKS } from '../aws/checks';
import { PRODUCT_CHECKS } from '../aws/checks-product';
import { CONSENT, CONSENT_VALUE, COSTS, STACK, TAG } from '../aws/names';
import { document, plain, tableRows } from './markdown';

const page = document('docs/self-test.md');

test('docs/self-test.md lists the questions to AWS, and the part that each needs', () => {
  const rows = tableRows(page.section('Questions'));
  const documented = rows.flatMap(([ids, , part]) => ids!.split(', ').map((id) => [id, plain(part!)]));
  const asked = CHECKS.filter((check) => !PRODUCT_CHECKS.includes(check)).map(({ id, part = '' }) => [id, part]);
  expect(Object.fromEntries(documented)).toEqual(Object.fromEntries(asked));
});

test('and what each part costs', () => {
  const rows = tableRows(page.section('Parts on request'));
  const documented = rows.map(([part, , dollars, minutes]) => [plain(part!), [Number(dollars), Number(minutes)]]);
  const { base, ...parts } = COSTS;
  expect(Object.fromEntries(documented)).toEqual({ '—': base, ...parts });
});

test('and the names that a person types or looks for', () => {
  const text = page.prose + page.blocks.map(({ code }) => code).join('');
  for (const name of [`--name ${CONSENT} --type String --value ${CONSENT_VALUE}`, STACK, `${TAG.key}=${TAG.value}`])
    expect(text).toContain(name);
});
