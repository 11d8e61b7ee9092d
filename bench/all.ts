/** Runs every benchmark, as often as asked, keeps what they print, and puts the figures of all runs into one table. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { availableParallelism, loadavg } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { format, resolveConfig } from 'prettier';
import { text, type Finding } from './support/report.ts';
import { spread } from './support/rounds.ts';

const PROGRAMS = [
  'append',
  'hot-room',
  'big-room',
  'merge',
  'receive',
  'import',
  'hostile-graphs',
  'deliveries',
  'http-knock',
  'long-poll',
  'stream',
  'reading',
  'as-of',
  'history',
  'at-rest',
  'federated-knocks',
  'cycle',
];

const HELP = `Usage: node bench/all.ts [OPTIONS]

Runs ${PROGRAMS.join(', ')} one after the other, with their defaults.

  --runs N          how often [1]
  --write FOLDER    keeps the output of each run as FOLDER/run-N.txt, and the figures as FOLDER/summary.md
  --only A,B        these programs alone`;

// Passed on, for a program has a Postgres to stop.
const ended = new AbortController();
process.once('SIGTERM', () => ended.abort());

/** What a benchmark found in each run. */
type Findings = Map<string, { readonly program: string; readonly runs: Finding[] }>;

async function main(): Promise<number> {
  const options = { runs: { type: 'string' }, write: { type: 'string' }, only: { type: 'string' } } as const;
  const { values } = parseArgs({ options: { ...options, help: { type: 'boolean', short: 'h' } } });
  const runs = Number(values.runs ?? 1);
  const programs = values.only?.split(',') ?? PROGRAMS;
  if (
    values.help === true ||
    !Number.isInteger(runs) ||
    runs < 1 ||
    !programs.every((name) => PROGRAMS.includes(name))
  ) {
    process.stdout.write(`${HELP}\n`);
    return values.help === true ? 0 : 2;
  }
  const findings: Findings = new Map();
  for (let run = 1; run <= runs; run += 1) {
    const printed: string[] = [];
    for (const program of programs) {
      process.stderr.write(`\nrun ${run} of ${runs}: ${program}\n`);
      printed.push(`${machine()}\n$ node bench/${program}.ts\n${await runProgram(program, findings)}`);
    }
    if (values.write !== undefined) await keep(values.write, `run-${run}.txt`, printed.join('\n'));
  }
  const table = await format(summary(findings, runs), { ...(await resolveConfig('summary.md')), parser: 'markdown' });
  if (values.write !== undefined) await keep(values.write, 'summary.md', table);
  process.stdout.write(`\n${table}`);
  return 0;
}

async function keep(folder: string, file: string, content: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, file), content);
}

/** Says how busy the machine was: figures of a busy one are good for their ratios only. */
function machine(): string {
  const load = loadavg()[0]!.toFixed(1);
  return `# ${availableParallelism()} virtual cores, Node ${process.version}, load before: ${load}`;
}

async function runProgram(program: string, findings: Findings): Promise<string> {
  const child = fork(new URL(`./${program}.ts`, import.meta.url), {
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
    signal: ended.signal,
  });
  let printed = '';
  child.stdout?.on('data', (chunk: Buffer) => {
    printed += chunk.toString();
    process.stdout.write(chunk);
  });
  child.on('message', (message) => {
    const finding = message as Finding;
    const name = `${program}: ${finding.what}`;
    const known = findings.get(name) ?? { program, runs: [] };
    known.runs.push(finding);
    findings.set(name, known);
  });
  const [code] = (await once(child, 'close')) as [number | null];
  if (code !== 0) throw new Error(`bench/${program}.ts ended with ${code}`);
  return printed;
}

/** A table in Markdown: the median of each run, least, middle and greatest of them. */
function summary(findings: Findings, runs: number): string {
  const rows = [...findings.values()].map(({ program, runs: found }) => {
    const { what, digits, budget } = found[0]!;
    const medians = spread(found.map((finding) => finding.found.median));
    const met = budget === null ? '' : `${found.filter((finding) => finding.met).length} of ${found.length}`;
    return `| ${program} | ${what} | ${text(medians, digits)} | ${budget ?? ''} | ${met} |`;
  });
  return [
    `${runs === 1 ? 'One run' : `${runs} runs`}; of each the median of its rounds: least / middle / greatest.`,
    '',
    '| Program | What | Measured | Budget | Met |',
    '| --- | --- | --- | --- | --- |',
    ...rows,
    '',
  ].join('\n');
}

process.exit(await main());
