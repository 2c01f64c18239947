import { objectOf } from '../../../catalog/contract/run-log';
import type { FactReader } from './run';

/** Turns the lines of a log into facts. A line may come in parts, as log drivers cut long ones. */
export class LogFacts<Fact> {
  private part = '';

  constructor(private readonly factOf: FactReader<Fact>['factOf']) {}

  /**
   * Takes the next line.
   *
   * @returns its fact; `undefined` if it has none
   */
  take(line: string): Fact | undefined {
    const begins = line.startsWith('{"time"');
    const text = begins ? line : this.part + line;
    const object = objectOf(text);
    // A part of a line that never ends is forgotten when the next line begins.
    this.part = object === undefined && (begins || this.part !== '') ? text : '';
    return object && this.factOf(object, text);
  }
}
