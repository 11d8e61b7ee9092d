/** A benchmark's command line: numbers with defaults, and --help. */
import { parseArgs } from 'node:util';

export interface NumberOption {
  readonly default: number;
  readonly help: string;
}

/** The values given or their defaults; prints the help and ends the program when asked to, or when a value is no number. */
export function readOptions<const Name extends string>(
  program: string,
  about: string,
  options: Readonly<Record<Name, NumberOption>>,
): Readonly<Record<Name, number>> {
  const names = Object.keys(options) as Name[];
  const help = [
    `Usage: node bench/${program}.ts [OPTIONS]`,
    '',
    about,
    '',
    ...names.map((name) => `  --${name.padEnd(14)}${options[name].help} [${options[name].default}]`),
  ].join('\n');
  const declared = Object.fromEntries(names.map((name) => [name, { type: 'string' as const }]));
  const { values } = parseArgs({ options: { ...declared, help: { type: 'boolean', short: 'h' } } });
  if (values['help'] === true) {
    process.stdout.write(`${help}\n`);
    process.exit(0);
  }
  const read = names.map((name) => {
    const given = (values as Readonly<Record<string, string | boolean | undefined>>)[name];
    const value = given === undefined ? options[name].default : Number(given);
    if (!Number.isInteger(value) || value < 1) {
      process.stderr.write(`--${name} takes a whole number.\n\n${help}\n`);
      process.exit(2);
    }
    return [name, value] as const;
  });
  return Object.fromEntries(read) as Record<Name, number>;
}
