/** What one more event will add to a room's lines, before it is stored. */
import type { LineChange, Path } from '../../log/branches.ts';
import type { StateLine } from '../../log/judged-pdu.ts';
import type { Ref } from '../../log/state-lines.ts';
import type { StateKey } from '../../matrix/auth-events.ts';
import type { ResolvableEvent } from '../../matrix/resolvable-event.ts';

/** Where the event being judged stands among the positions of others, until it has its own. */
export const IN_FLIGHT = Number.MAX_SAFE_INTEGER;

/** Deeper than this a line does not hang on another, but on line 0. */
export const MAX_LINE_DEPTH = 8;

export interface DraftedEvent extends ResolvableEvent {
  /** Positions of its auth events. */
  readonly auth: readonly number[];
}

export interface LineDraft {
  /** Null: none is being judged, or it is no state event. Its position is IN_FLIGHT unless it is stored already. */
  readonly event: DraftedEvent | null;
  readonly lines: StateLine[];
  readonly changes: LineChange[];
  /** The number of the next new line. */
  next: number;
}

export function emptyDraft(event: DraftedEvent | null, next: number): LineDraft {
  return { event, lines: [], changes: [], next };
}

/** The part of a point's path that is drafted, and the first point of it that is stored. */
export function draftPath({ lines }: LineDraft, ref: Ref): Path {
  const path: Ref[] = [ref];
  for (;;) {
    const { line } = path.at(-1)!;
    const parent = lines.find((one) => one.line === line)?.parent ?? null;
    if (parent === null) return path;
    path.push(parent);
  }
}

/** What becomes of a key, and what was there. */
export interface KeyChange {
  readonly key: StateKey;
  readonly event: number | null;
  readonly previous: number | null;
}

/** Branches off `parent`; `changes` are told at `at`. Returns the point with all of them. */
export function branchOff(
  draft: LineDraft,
  parent: Ref,
  parentDepth: number,
  at: number,
  changes: readonly KeyChange[],
): Ref {
  const line = draft.next;
  draft.next += 1;
  draft.lines.push({ line, parent, depth: parentDepth + 1 });
  addChanges(draft, { line, at }, changes);
  return { line, at };
}

export function addChanges(draft: LineDraft, { line, at }: Ref, changes: readonly KeyChange[]): void {
  for (const { key, event, previous } of changes) {
    draft.changes.push({ line, at, type: key[0], stateKey: key[1], event, previous });
  }
}
