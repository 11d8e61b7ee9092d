/** Statements that are spelled once for each shape: Kysely would put a text together anew for each request, though only values differ. */
import { CompiledQuery, type RawBuilder } from 'kysely';
import type { Db } from './database.ts';

/** Values by their names. Where a statement is spelled, each is a placeholder, which must get into it as a value and nothing else. */
export type Values = Readonly<Record<string, unknown>>;

interface Spelled {
  readonly text: string;
  /** Of the values, in the order of the text's parameters. */
  readonly names: readonly string[];
}

/** Stands for a value where a statement is spelled. */
interface Placeholder {
  readonly placeholder: string;
}

const isPlaceholder = (value: unknown): value is Placeholder =>
  typeof value === 'object' && value !== null && 'placeholder' in value;

/** Runs a statement of that shape with these values; `spell` makes it when the shape first comes. */
export type RunSpelled = <Row, V extends Values>(
  db: Db,
  shape: string,
  values: V,
  spell: (placeholders: V) => RawBuilder<Row>,
) => Promise<readonly Row[]>;

/** Remembers the texts of one kind of statement. There must be few shapes: none is forgotten. */
export function createSpelling(): RunSpelled {
  const known = new Map<string, Spelled>();
  return async <Row, V extends Values>(
    db: Db,
    shape: string,
    values: V,
    spell: (placeholders: V) => RawBuilder<Row>,
  ) => {
    let spelled = known.get(shape);
    if (spelled === undefined) known.set(shape, (spelled = spellOut(db, values, spell)));
    const parameters = spelled.names.map((name) => values[name]);
    const { rows } = await db.executeQuery<Row>(CompiledQuery.raw(spelled.text, parameters));
    return rows;
  };
}

function spellOut<V extends Values>(db: Db, values: V, spell: (placeholders: V) => RawBuilder<unknown>): Spelled {
  // Null says that there is no such value, which is part of the shape.
  const placeholders = Object.entries(values).map(([name, value]) => [
    name,
    value === null ? null : { placeholder: name },
  ]);
  const { sql, parameters } = spell(Object.fromEntries(placeholders) as V).compile(db);
  const names = parameters.map((parameter) => {
    if (!isPlaceholder(parameter)) throw new Error('a value that the shape does not name');
    return parameter.placeholder;
  });
  return { text: sql, names };
}
