/** What is asked of `information_schema`, and what of its answers goes into the evidence. */

import type { InventoryObject } from '../../../catalog/bucket/evidence';

/** Version of the questions and of how rows are summed: answers to others are not compared. */
export const QUESTIONS = 1;

/** One question. Columns that a version lacks are left out, and views that it lacks are not asked. */
export interface Question {
  readonly view: string;
  /** Kind of the objects, or the column that has it. */
  readonly kind: string | { readonly column: string };
  /** Column of the database. */
  readonly database: string;
  /** Columns of the name below it. */
  readonly name: readonly string[];
  /** Column of the table that the object belongs to: only objects of dumped tables are wanted. */
  readonly table?: string;
  readonly facts: readonly string[];
  /** Without this column, the view has nothing that others do not have. */
  readonly needs?: string;
  /** Several rows are one object: these columns of all of them become one fact, in this order. */
  readonly parts?: { readonly fact: string; readonly columns: readonly string[]; readonly order: string };
  /** Columns that are no facts, for others. */
  readonly more?: readonly string[];
  readonly where?: string;
  /** Only asked if one of the objects so far is such: for others, the answer is empty. */
  readonly onlyIf?: (object: Pick<InventoryObject, 'kind' | 'facts'>) => boolean;
}

/** Whether tables are partitioned that are created with these options. */
export const isPartitioned = (options: InventoryObject['facts'][string] | undefined): boolean =>
  /\bpartitioned\b/.test(String(options));

/** Whether only the definitions of tables answer a question. */
export const ofDefinitions = ({ kind }: Question): boolean =>
  ['column', 'index', 'constraint', 'foreign-key', 'check', 'partition', 'period'].includes(String(kind));

const SESSION = ['CHARACTER_SET_CLIENT', 'COLLATION_CONNECTION', 'DATABASE_COLLATION', 'SQL_MODE', 'DEFINER'];

/** The first tells which tables are wanted. Rows of the same kind and name add to the same object. */
export const INVENTORY: readonly Question[] = [
  {
    ...{ view: 'TABLES', kind: 'table', database: 'TABLE_SCHEMA', name: ['TABLE_NAME'] },
    facts: [
      'TABLE_TYPE',
      'ENGINE',
      'ROW_FORMAT',
      'TABLE_COLLATION',
      'CREATE_OPTIONS',
      'TABLE_COMMENT',
      'AUTO_INCREMENT',
    ],
    more: ['DATA_LENGTH', 'AVG_ROW_LENGTH', 'CREATE_TIME'],
    where: "TABLE_TYPE IN ('BASE TABLE', 'SYSTEM VERSIONED')",
  },
  {
    ...{ view: 'SCHEMATA', kind: 'database', database: 'SCHEMA_NAME', name: [] },
    facts: ['DEFAULT_CHARACTER_SET_NAME', 'DEFAULT_COLLATION_NAME', 'SCHEMA_COMMENT'],
  },
  {
    ...{ view: 'COLUMNS', kind: 'column', database: 'TABLE_SCHEMA', table: 'TABLE_NAME' },
    name: ['TABLE_NAME', 'COLUMN_NAME'],
    facts: [
      ...['ORDINAL_POSITION', 'COLUMN_TYPE', 'IS_NULLABLE', 'COLUMN_DEFAULT', 'EXTRA', 'GENERATION_EXPRESSION'],
      ...['CHARACTER_SET_NAME', 'COLLATION_NAME', 'SRS_ID', 'COLUMN_COMMENT'],
    ],
    more: ['DATA_TYPE'],
  },
  {
    ...{ view: 'STATISTICS', kind: 'index', database: 'TABLE_SCHEMA', table: 'TABLE_NAME' },
    name: ['TABLE_NAME', 'INDEX_NAME'],
    facts: ['NON_UNIQUE', 'INDEX_TYPE', 'INDEX_COMMENT', 'IS_VISIBLE', 'IGNORED'],
    parts: { fact: 'columns', columns: ['COLUMN_NAME', 'EXPRESSION', 'SUB_PART', 'COLLATION'], order: 'SEQ_IN_INDEX' },
  },
  {
    ...{ view: 'TABLE_CONSTRAINTS', kind: 'constraint', database: 'TABLE_SCHEMA', table: 'TABLE_NAME' },
    name: ['TABLE_NAME', 'CONSTRAINT_NAME'],
    facts: ['CONSTRAINT_TYPE', 'ENFORCED'],
    needs: 'ENFORCED',
  },
  {
    ...{ view: 'KEY_COLUMN_USAGE', kind: 'foreign-key', database: 'TABLE_SCHEMA', table: 'TABLE_NAME' },
    name: ['TABLE_NAME', 'CONSTRAINT_NAME'],
    facts: ['REFERENCED_TABLE_SCHEMA', 'REFERENCED_TABLE_NAME'],
    parts: { fact: 'columns', columns: ['COLUMN_NAME', 'REFERENCED_COLUMN_NAME'], order: 'ORDINAL_POSITION' },
    where: 'REFERENCED_TABLE_NAME IS NOT NULL',
  },
  {
    ...{ view: 'REFERENTIAL_CONSTRAINTS', kind: 'foreign-key', database: 'CONSTRAINT_SCHEMA', table: 'TABLE_NAME' },
    name: ['TABLE_NAME', 'CONSTRAINT_NAME'],
    facts: ['UPDATE_RULE', 'DELETE_RULE', 'MATCH_OPTION'],
    onlyIf: ({ kind }) => kind === 'foreign-key',
  },
  {
    // Those of MySQL have no table.
    ...{ view: 'CHECK_CONSTRAINTS', kind: 'check', database: 'CONSTRAINT_SCHEMA', table: 'TABLE_NAME' },
    name: ['TABLE_NAME', 'CONSTRAINT_NAME'],
    facts: ['CHECK_CLAUSE', 'LEVEL'],
  },
  {
    ...{ view: 'PARTITIONS', kind: 'partition', database: 'TABLE_SCHEMA', table: 'TABLE_NAME' },
    name: ['TABLE_NAME', 'PARTITION_NAME', 'SUBPARTITION_NAME'],
    facts: [
      ...['PARTITION_ORDINAL_POSITION', 'SUBPARTITION_ORDINAL_POSITION', 'PARTITION_METHOD', 'SUBPARTITION_METHOD'],
      ...['PARTITION_EXPRESSION', 'SUBPARTITION_EXPRESSION', 'PARTITION_DESCRIPTION', 'PARTITION_COMMENT'],
    ],
    where: 'PARTITION_NAME IS NOT NULL',
    onlyIf: ({ kind, facts }) => kind === 'table' && isPartitioned(facts.createOptions),
  },
  {
    ...{
      view: 'PERIODS',
      kind: 'period',
      database: 'TABLE_SCHEMA',
      name: ['TABLE_NAME', 'PERIOD'],
      table: 'TABLE_NAME',
    },
    facts: ['START_COLUMN_NAME', 'END_COLUMN_NAME'],
  },
  {
    ...{ view: 'VIEWS', kind: 'view', database: 'TABLE_SCHEMA', name: ['TABLE_NAME'] },
    facts: ['VIEW_DEFINITION', 'CHECK_OPTION', 'SECURITY_TYPE', 'ALGORITHM', ...SESSION],
  },
  {
    ...{ view: 'TRIGGERS', kind: 'trigger', database: 'TRIGGER_SCHEMA', table: 'EVENT_OBJECT_TABLE' },
    name: ['TRIGGER_NAME'],
    facts: [
      ...['EVENT_OBJECT_TABLE', 'EVENT_MANIPULATION', 'ACTION_TIMING', 'ACTION_ORDER', 'ACTION_STATEMENT', ...SESSION],
    ],
  },
  {
    ...{ view: 'ROUTINES', kind: { column: 'ROUTINE_TYPE' }, database: 'ROUTINE_SCHEMA', name: ['ROUTINE_NAME'] },
    facts: [
      ...['DTD_IDENTIFIER', 'CHARACTER_SET_NAME', 'COLLATION_NAME', 'ROUTINE_BODY', 'ROUTINE_DEFINITION'],
      ...['EXTERNAL_LANGUAGE', 'IS_DETERMINISTIC', 'SQL_DATA_ACCESS', 'SECURITY_TYPE', 'ROUTINE_COMMENT', ...SESSION],
    ],
  },
  {
    ...{ view: 'PARAMETERS', kind: { column: 'ROUTINE_TYPE' }, database: 'SPECIFIC_SCHEMA', name: ['SPECIFIC_NAME'] },
    facts: [],
    parts: {
      fact: 'parameters',
      columns: ['PARAMETER_MODE', 'PARAMETER_NAME', 'DTD_IDENTIFIER', 'CHARACTER_SET_NAME', 'COLLATION_NAME'],
      order: 'ORDINAL_POSITION',
    },
  },
  {
    ...{ view: 'EVENTS', kind: 'event', database: 'EVENT_SCHEMA', name: ['EVENT_NAME'] },
    facts: [
      ...['EVENT_DEFINITION', 'TIME_ZONE', 'EVENT_TYPE', 'EXECUTE_AT', 'INTERVAL_VALUE', 'INTERVAL_FIELD', 'STARTS'],
      ...['ENDS', 'STATUS', 'ON_COMPLETION', 'EVENT_COMMENT', ...SESSION],
    ],
  },
  {
    ...{ view: 'LIBRARIES', kind: 'library', database: 'LIBRARY_SCHEMA', name: ['LIBRARY_NAME'] },
    facts: ['LIBRARY_DEFINITION', 'LANGUAGE', 'LIBRARY_COMMENT', 'SQL_MODE'],
  },
];
