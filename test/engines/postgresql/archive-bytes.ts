/** Archives of pg_dump, made by hand. */
export const int = (value: number) => {
  const bytes = Buffer.alloc(5);
  bytes[0] = value < 0 ? 1 : 0;
  bytes.writeUInt32LE(Math.abs(value), 1);
  return bytes;
};
const text = (value: string | undefined) =>
  value === undefined ? int(-1) : Buffer.concat([int(Buffer.byteLength(value)), Buffer.from(value)]);

export interface Entry {
  readonly id: number;
  readonly hasData: boolean;
  readonly name: string;
  readonly description: string;
}
/** An archive head as pg_dump writes it: ReadHead and ReadToc of pg_backup_archiver.c. */
export function head(minor: number, entries: readonly Entry[]): Buffer {
  const entryBytes = ({ id, hasData, name, description }: Entry) => [
    ...[int(id), int(hasData ? 1 : 0), text('0'), text('0'), text(name), text(description), int(2)],
    ...[text('CREATE …'), text(''), text('COPY …'), text('public'), text(undefined)],
    ...(minor >= 14 ? [text('heap')] : []),
    ...(minor >= 16 ? [int(114)] : []),
    ...[text('owner'), text('false'), text('3'), text(undefined), Buffer.alloc(9)],
  ];
  return Buffer.concat([
    Buffer.from('PGDMP'),
    Buffer.from([1, minor, 0, 4, 8, 1]),
    minor >= 15 ? Buffer.from([0]) : int(0),
    ...Array.from({ length: 7 }, () => int(3)),
    ...[text('shop'), text('15.18'), text('15.18'), int(entries.length)],
    ...entries.flatMap(entryBytes),
  ]);
}
export const block = (id: number, ...rows: string[]) =>
  Buffer.concat([Buffer.from([1]), int(id), ...rows.map(text), int(0)]);
export const blobBlock = (id: number) =>
  Buffer.concat([Buffer.from([3]), int(id), int(4242), text('one'), text('two'), int(0), int(4243), int(0), int(0)]);
