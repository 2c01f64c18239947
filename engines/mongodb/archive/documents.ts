import { BSON } from 'mongodb';

/** A field of a document, as its bytes have it. */
export interface RawField {
  readonly name: string;
  /** Type byte, name and value. */
  readonly bytes: Buffer;
  readonly type: number;
  /** The value alone. */
  readonly value: Buffer;
}

/** The fields of a document in their order, none of them decoded: objects of JavaScript would put numbers first. */
export function fieldsOf(document: Buffer): RawField[] {
  return [...BSON.onDemand.parseToElements(document)].map(([type, nameOffset, nameLength, offset, length]) => ({
    name: document.toString('utf8', nameOffset, nameOffset + nameLength),
    bytes: document.subarray(nameOffset - 1, offset + length),
    type,
    value: document.subarray(offset, offset + length),
  }));
}

/** A document of these fields. */
export function documentOf(fields: readonly Buffer[]): Buffer {
  const bytes = Buffer.concat([Buffer.alloc(4), ...fields, Buffer.alloc(1)]);
  bytes.writeInt32LE(bytes.length);
  return bytes;
}

/** The field with a value of its own: its name and type stay. */
export const withValue = ({ bytes, value }: RawField, other: Buffer): Buffer =>
  Buffer.concat([bytes.subarray(0, bytes.length - value.length), other]);

/** A string, as BSON has it. */
export const stringOf = ({ value }: RawField): string => value.toString('utf8', 4, value.length - 1);

/** The value of a string. */
export function stringValue(text: string): Buffer {
  const bytes = Buffer.from(`....${text}\0`);
  bytes.writeInt32LE(bytes.length - 4);
  return bytes;
}
