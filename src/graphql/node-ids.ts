/** Opaque ids of nodes: the type and its key, so that any node can be fetched by its id alone. */
import { MatrixError } from '../matrix/errors.ts';

export type NodeType = 'Room' | 'User' | 'Member' | 'Knock' | 'Transition' | 'Event';

const KEY_PARTS: Readonly<Record<NodeType, number>> = {
  Room: 1,
  User: 1,
  Member: 2,
  Knock: 1,
  Transition: 1,
  Event: 2,
};

export interface NodeKey {
  readonly type: NodeType;
  readonly parts: readonly string[];
}

/** `nodeId('Member', '!room:here', '@kim:here')`. No part can hold a NUL. */
export function nodeId(type: NodeType, ...parts: readonly (string | number)[]): string {
  return Buffer.from([type, ...parts].join('\0')).toString('base64url');
}

/** Throws M_INVALID_PARAM for what no id of ours looks like. */
export function parseNodeId(id: string): NodeKey {
  const [type = '', ...parts] = Buffer.from(id, 'base64url').toString().split('\0');
  const known = Object.hasOwn(KEY_PARTS, type) && KEY_PARTS[type as NodeType] === parts.length;
  if (!known || nodeId(type as NodeType, ...parts) !== id) throw new MatrixError('M_INVALID_PARAM', 'This is no id.');
  return { type: type as NodeType, parts };
}

/** A position of the log, as ids and cursors carry it. Throws M_INVALID_PARAM for anything else. */
export function parsePosition(text: string): number {
  const position = /^[0-9]{1,16}$/.test(text) ? Number(text) : Number.NaN;
  if (!Number.isSafeInteger(position)) throw new MatrixError('M_INVALID_PARAM', 'This is no position.');
  return position;
}
