/**
 * Answers queries by plans, where graphql-js would find its way anew for each request. What a plan cannot answer, errors among
 * it, is left to graphql-js, which is asked again for the whole.
 */
import { HeaderMap, type ApolloServerPlugin } from '@apollo/server';
import {
  getVariableValues,
  OperationTypeNode,
  visit,
  type DocumentNode,
  type FragmentDefinitionNode,
  type GraphQLSchema,
  type OperationDefinitionNode,
} from 'graphql';
import { LRUCache } from 'lru-cache';
import { Counter } from 'prom-client';
import type { Context } from '../context.ts';
import { planOperation, type Complete } from './plan.ts';

export interface PlannedRequest {
  /** Valid. */
  readonly document: DocumentNode;
  /** Absent where the document has no such operation, whatever Apollo's types say. */
  readonly operation: OperationDefinitionNode | undefined;
  readonly variables: Readonly<Record<string, unknown>>;
  readonly context: Context;
}

/** Its `data`; null: graphql-js has to answer. */
export type AnswerPlanned = (request: PlannedRequest) => Promise<Readonly<Record<string, unknown>> | null>;

/** An operation that was met before. */
interface Known {
  complete: Complete | null;
  /** So many requests are not tried: the last one was in vain. */
  rest: number;
}

export const planMetrics = {
  answered: new Counter({
    name: 'vestibule_graphql_planned_total',
    help: 'GraphQL queries that a plan answered.',
    registers: [],
  }),
};

const MAX_PLANS = 100;
/** What fails is done twice: at most once in so many times that a plan is looked for, which is up to twice for a request. */
export const REST = 100;

/** Plans belong to parsed documents, which are kept for those that send them again. */
export function createPlans(schema: GraphQLSchema): AnswerPlanned {
  const plans = new LRUCache<OperationDefinitionNode, Known>({ max: MAX_PLANS });
  return async ({ document, operation, variables, context }) => {
    if (operation?.operation !== OperationTypeNode.QUERY) return null;
    let known = plans.get(operation);
    if (known === undefined) plans.set(operation, (known = { complete: null, rest: 0 }));
    if (known.rest > 0) {
      known.rest -= 1;
      return null;
    }
    try {
      known.complete ??= plan(schema, document, operation);
      const { coerced } = getVariableValues(schema, operation.variableDefinitions ?? [], variables);
      if (coerced === undefined) throw new Error('variables that do not fit');
      const data = await known.complete(undefined, { context, variables: coerced, args: new Map() });
      planMetrics.answered.inc();
      return data as Record<string, unknown>;
    } catch {
      known.rest = REST;
      return null;
    }
  };
}

/** What a document is answered with again. */
export interface PlannedDocument {
  readonly schema: GraphQLSchema;
  readonly document: DocumentNode;
  readonly answer: AnswerPlanned;
}

/** Has Apollo answer from plans where it can be done. `onAnswer` hears of each document for which it could, as it was spelled. */
export function answerFromPlans(
  onAnswer: (source: string, planned: PlannedDocument) => void = () => undefined,
): ApolloServerPlugin<Context> {
  let answer: AnswerPlanned = async () => null;
  return {
    async serverWillStart({ schema }) {
      answer = createPlans(schema);
    },
    async requestDidStart() {
      return {
        async responseForOperation({ schema, source, document, operation, request, contextValue }) {
          const variables = request.variables ?? {};
          const data = await answer({ document, operation, variables, context: contextValue });
          if (data === null) return null;
          onAnswer(source, { schema, document, answer });
          const body = { kind: 'single', singleResult: { data } } as const;
          return { http: { headers: new HeaderMap() }, body };
        },
      };
    },
  };
}

function plan(schema: GraphQLSchema, document: DocumentNode, operation: OperationDefinitionNode): Complete {
  const fragments = new Map<string, FragmentDefinitionNode>();
  visit(document, {
    FragmentDefinition: (node) => void fragments.set(node.name.value, node),
    // Whether a field is there would depend on the request.
    Directive() {
      throw new Error('directives');
    },
  });
  return planOperation({ schema, fragments, fields: 0 }, operation);
}
