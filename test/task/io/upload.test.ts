import { partBytes } from '../../../task/io/upload';

const MIB = 1024 ** 2;
const total = (parts: number) =>
  Array.from({ length: parts }, (_, index) => partBytes(index + 1)).reduce((sum, size) => sum + size, 0);

test('parts stay within the limits of S3', () => {
  for (let number = 1; number <= 10_000; number++) {
    expect(partBytes(number)).toBeGreaterThanOrEqual(5 * MIB);
    expect(partBytes(number)).toBeLessThanOrEqual(5 * 1024 * MIB);
  }
});

test('parts of 8 MiB suffice for 10 GB, and 10,000 parts for 2.43 TiB', () => {
  expect(partBytes(1250)).toBe(8 * MIB);
  expect(total(1250)).toBeGreaterThan(10e9);
  expect(total(10_000) / 1024 ** 4).toBeCloseTo(2.43, 2);
});
