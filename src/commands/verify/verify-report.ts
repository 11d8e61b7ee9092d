/** What a verification found: the report's shape, and the list that findings are collected in. */
import type { TableDifference } from '../../projections/rebuild-compare.ts';

export type CheckName =
  'seals' | 'positions' | 'events' | 'words' | 'verdicts' | 'state' | 'transitions' | 'acts' | 'projections';

/** One bad row. */
export interface Finding {
  readonly check: CheckName;
  readonly table: string;
  /** The row's primary key as text; of a row that is missing, what can be told of it. */
  readonly key: string;
  /** Its position in the log; null for a projection's row. */
  readonly position: number | null;
  /** The column that is wrong, where that can be told. */
  readonly column: string | null;
  readonly reason: string;
}

export interface VerifyReport {
  /** Nothing was found. Rows beyond `sealedUpTo` were checked for consistency only: nothing signed speaks of them yet. */
  readonly clean: boolean;
  /** Positions up to here were checked. */
  readonly head: number;
  readonly events: number;
  readonly seals: number;
  readonly sealedUpTo: number;
  readonly unsealedRows: number;
  /** Events whose words were deleted by an erasure or a redaction that the log tells of. */
  readonly erased: number;
  /** The first bad row: what the seals convict, in order of position, before what does not fit together. */
  readonly first: Finding | null;
  /** The first of each check, at most {@link FINDINGS_PER_CHECK} each. */
  readonly findings: readonly Finding[];
  /** All findings of each check that found something. */
  readonly counts: Readonly<Partial<Record<CheckName, number>>>;
}

export const FINDINGS_PER_CHECK = 100;

export interface Findings {
  add(finding: Finding): void;
  count(): number;
  counts(): Readonly<Partial<Record<CheckName, number>>>;
  sorted(): readonly Finding[];
}

export function collectFindings(): Findings {
  const kept = new Map<CheckName, Finding[]>();
  const counts: Partial<Record<CheckName, number>> = {};
  return {
    add(finding) {
      counts[finding.check] = (counts[finding.check] ?? 0) + 1;
      const list = kept.get(finding.check) ?? [];
      if (list.length < FINDINGS_PER_CHECK) list.push(finding);
      kept.set(finding.check, list);
    },
    count: () => Object.values(counts).reduce((sum, count) => sum + count, 0),
    counts: () => counts,
    sorted: () => [...kept.values()].flat().sort(byWeight),
  };
}

// Seals name the row that was touched; other checks may name a row that only refers to it. Words are no part of the log.
const WEIGHT: Readonly<Record<CheckName, number>> = {
  seals: 0,
  positions: 1,
  events: 1,
  verdicts: 1,
  state: 1,
  transitions: 1,
  acts: 1,
  words: 2,
  projections: 3,
};

function byWeight(a: Finding, b: Finding): number {
  const weight = WEIGHT[a.check] - WEIGHT[b.check];
  return weight !== 0 ? weight : (a.position ?? Infinity) - (b.position ?? Infinity) || 0;
}

/** A projection's table that is not what the log says, as a finding. */
export function projectionFinding(difference: TableDifference): Finding {
  const key = Object.values(difference.firstKey).join(', ');
  const more = difference.rows > 1 ? `, and ${difference.rows - 1} more rows of it differ` : '';
  return {
    check: 'projections',
    table: difference.table,
    key,
    position: null,
    column: difference.columns[0] ?? null,
    reason: `${difference.reason}: a replay of the log gives something else${more}`,
  };
}

/** One line for people. */
export function describeFinding({ check, table, key, position, column, reason }: Finding): string {
  const place = position === null ? '' : ` at position ${position}`;
  return `[${check}] ${table} (${key})${place}${column === null ? '' : `, column ${column}`}: ${reason}`;
}

/** The report for people: one line when all is well, else the first bad row and the rest after it. */
export function describeReport(report: VerifyReport): string {
  const { head, events, seals, sealedUpTo, unsealedRows, erased } = report;
  const lines = [
    `${events} events, ${head} positions; sealed up to ${sealedUpTo} by ${seals} seals, ${unsealedRows} rows not sealed yet; words of ${erased} events erased or redacted.`,
  ];
  if (report.first === null) return [...lines, 'Clean.'].join('\n');
  lines.push(`The first bad row: ${describeFinding(report.first)}`);
  for (const finding of report.findings) if (finding !== report.first) lines.push(describeFinding(finding));
  const total = Object.values(report.counts).reduce((sum, count) => sum + count, 0);
  if (total > report.findings.length) lines.push(`… and ${total - report.findings.length} more.`);
  return lines.join('\n');
}
