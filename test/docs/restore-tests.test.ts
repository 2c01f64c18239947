import { CHECKS, parseVerdict } from '../../catalog/bucket/verdict';
import { engineFacts } from '../../engines/facts';
import { testSize } from '../../lambda/restore-tests/size';
import { document, plain, tableRows } from './markdown';

const page = document('docs/restore-tests.md');

/** What a sum such as `60 × 4.35 tests × 0.5 h × 0.0987` gives; nothing if it is none. */
function sumOf(text: string): number | undefined {
  const factors = text.replace(/ (?:tests|h)\b/g, '').match(/^[\d.]+(?: [×÷] [\d.]+)+$/);
  return factors?.[0].split(/ (?=[×÷])/).reduce((all, part) => {
    const [sign, number] = part.includes(' ') ? part.split(' ') : ['', part];
    return sign === '÷' ? all / Number(number) : sign === '×' ? all * Number(number) : Number(number);
  }, 0);
}

describe('docs/restore-tests.md: what it costs', () => {
  const rows = tableRows(page.section('What it costs')).map((row) =>
    row.map((cell) => cell.replaceAll('*', '').trim()),
  );

  test('each item is its sum, and each sum is that of its items', () => {
    const sums: number[] = [];
    let all = 0;
    for (const [item, how, amount] of rows) {
      if (item === 'sum') {
        expect(all).toBeCloseTo(Number(amount), 5);
        sums.push(all);
        all = 0;
      } else if (item !== 'item') {
        expect([item, sumOf(how!)!.toFixed(2)]).toEqual([item, Number(amount).toFixed(2)]);
        all += Number(amount);
      }
    }
    expect(sums).toHaveLength(2);
  });

  test('the task is that of a database of 20 GiB', () => {
    const objects = [{ uncompressedBytes: 20 * 2 ** 30 }] as Parameters<typeof testSize>[0]['objects'];
    expect(testSize({ objects, tables: [] }, engineFacts('mariadb').proof!)).toEqual({
      ...{ cpu: 2048, memoryMiB: 4096, ephemeralGiB: 43 },
    });
    const { prose } = page;
    expect(prose).toContain('Fargate, 2 vCPU and 4 GB');
    expect(prose).toContain('23 GiB of disk beyond the 20 that are included');
  });
});

test('docs/restore-tests.md names each check, and its verdict is one', () => {
  expect(tableRows(page.section('What is compared')).map(([check]) => plain(check))).toEqual([...CHECKS]);
  const { code } = page.blocks.find(({ language }) => language === 'json')!;
  expect(parseVerdict(code)).toMatchObject({ verdict: 'failed', differenceCount: 1 });
});
