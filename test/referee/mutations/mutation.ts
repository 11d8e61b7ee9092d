// A way to break src/matrix: one text replaced by another, and the cases that have to notice.

export interface Mutation {
  /** What the mutated rules say, against the specification. */
  readonly name: string;
  readonly file: string;
  /** A text that stands in the file exactly once. */
  readonly find: string;
  readonly replace: string;
  /** The cases that notice: a rule of rules/all.ts, or the membership table. */
  readonly noticedBy: string;
}

export const MEMBERSHIP_TABLE = 'the membership table';

type Mutate = (name: string, find: string, replace?: string, noticedBy?: string) => Mutation;

/** Makes mutations of a file. What is found is taken out where nothing replaces it; the cases named here notice. */
export function mutationsOf(file: string, usually: string): Mutate {
  return (name, find, replace = '', noticedBy = usually) => ({ name, file, find, replace, noticedBy });
}

/** The statement that rejects by this rule with this message. */
export function rejection(rule: string, message: string): string {
  return `return reject('${rule}', ${message});`;
}
