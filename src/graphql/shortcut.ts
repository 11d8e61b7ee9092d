/**
 * Answers requests for documents that a plan has answered before, without Apollo. What Apollo would do for them is known: they are
 * valid, and an answer hangs on who asks, with which variables, and on what they take. Whatever is out of the ordinary, refusals
 * among it, is left to Apollo, which is asked for the whole.
 */
import type { ApolloServerPlugin } from '@apollo/server';
import { getOperationAST, OperationTypeNode } from 'graphql';
import { boundedCache } from '../bounded-cache.ts';
import { isJsonObject, type JsonValue } from '../matrix/json.ts';
import type { CheckOperation } from './check-operations.ts';
import type { Context } from './context.ts';
import { answerFromPlans, type PlannedDocument } from './engine/answer-planned.ts';
import { toldSize, type RequestSize } from './limits.ts';
import { createDocumentNotes } from './persisted-queries.ts';

export interface Shortcut {
  /** Has Apollo answer from plans, and learns for which documents that can be done. */
  readonly plugin: ApolloServerPlugin<Context>;
  /** Learns the content type of what Apollo answers to an Accept header. */
  noteType(accept: string, type: string): void;
  /** Null: Apollo has to be asked. */
  answer(request: ShortRequest): Promise<ShortAnswer | null>;
}

export interface ShortRequest {
  /** The header; empty without one. */
  readonly accept: string;
  readonly body: JsonValue;
  readonly context: Context;
}

export interface ShortAnswer {
  readonly type: string;
  readonly text: string;
}

interface Checks {
  readonly check: CheckOperation;
  readonly maxCost: number;
}

const MAX_ACCEPTS = 100;
const MAX_ACCEPT_CHARACTERS = 200;

export function createShortcut({ check, maxCost }: Checks): Shortcut {
  const types = boundedCache<string>(MAX_ACCEPTS);
  const documents = createDocumentNotes<PlannedDocument>();
  return {
    plugin: answerFromPlans((source, planned) => void documents.set(source, planned)),
    noteType(accept, type) {
      if (accept.length <= MAX_ACCEPT_CHARACTERS) types.set(accept, type);
    },
    async answer({ accept, body, context }) {
      const asked = readAsked(body);
      const [type, known] = asked === null ? [] : [types.get(accept), documents.get(asked.query)];
      if (asked === null || type === undefined || known === undefined) return null;
      const { schema, document } = known;
      const { variables } = asked;
      const operation = getOperationAST(document, asked.operationName);
      if (operation?.operation !== OperationTypeNode.QUERY) return null;
      let size: RequestSize;
      try {
        size = check({ schema, document, operation, variables }, context);
      } catch {
        return null;
      }
      const data = await known.answer({ document, operation, variables, context });
      return data === null
        ? null
        : { type, text: `${JSON.stringify({ data, extensions: toldSize(size, maxCost) })}\n` };
    },
  };
}

interface Asked {
  readonly query: string;
  readonly operationName: string | null;
  readonly variables: Readonly<Record<string, unknown>>;
}

/** Null for what is more than a document with variables, or less. */
function readAsked(body: JsonValue): Asked | null {
  if (!isJsonObject(body)) return null;
  const { query, operationName = null, variables = null, extensions = null } = body;
  if (typeof query !== 'string' || extensions !== null) return null;
  if (operationName !== null && typeof operationName !== 'string') return null;
  if (variables !== null && !isJsonObject(variables)) return null;
  return { query, operationName, variables: variables ?? {} };
}
