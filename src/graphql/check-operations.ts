/** Before anything of an operation runs: who may ask, and how much; and what it came to, in the answer. */
import type { ApolloServerPlugin } from '@apollo/server';
import { OperationTypeNode } from 'graphql';
import { createMeasure } from './measure.ts';
import { readsOnly } from '../commands/lanes/reading-recorder.ts';
import { MatrixError } from '../matrix/errors.ts';
import type { Context, GraphqlSettings } from './context.ts';
import { requestError } from './errors.ts';
import { checkSize, isIntrospection, toldSize, type MeasuredRequest, type RequestSize } from './limits.ts';

/**
 * The size of an operation that may run; from now on time runs for a query. Throws a MatrixError for what may not be asked by
 * this caller or here, and for too much.
 */
export type CheckOperation = (request: MeasuredRequest, context: Context) => RequestSize;

export function createCheck({ introspection, maxCost }: GraphqlSettings): CheckOperation {
  const measure = createMeasure();
  return (request, { actor, readsOnly: onlyReads, deadline }) => {
    const { operation } = request;
    if (operation.operation === OperationTypeNode.SUBSCRIPTION) {
      throw new MatrixError('M_UNRECOGNIZED', 'Subscriptions are opened over WebSocket, or at /graphql/stream.', {
        status: 400,
      });
    }
    if (operation.operation === OperationTypeNode.MUTATION && onlyReads) throw readsOnly();
    const isOpen = introspection === 'on' && isIntrospection(operation);
    if (actor === null && !isOpen) throw new MatrixError('M_MISSING_TOKEN');
    const size = checkSize(request, maxCost, measure);
    // An act takes the time it takes; what it changed is read within the time.
    if (operation.operation === OperationTypeNode.QUERY) deadline.start();
    return size;
  };
}

export function checkOperations(check: CheckOperation, maxCost: number): ApolloServerPlugin<Context> {
  return {
    async requestDidStart() {
      let size: RequestSize | null = null;
      return {
        async didResolveOperation({ schema, document, operation, request, contextValue }) {
          // Its type allows for none, which never gets here.
          if (operation === undefined) return;
          try {
            size = check({ schema, document, operation, variables: request.variables ?? {} }, contextValue);
          } catch (error) {
            throw error instanceof MatrixError ? requestError(error) : error;
          }
        },
        async willSendResponse({ response }) {
          if (size === null || response.body.kind !== 'single') return;
          const { singleResult } = response.body;
          singleResult.extensions = { ...singleResult.extensions, ...toldSize(size, maxCost) };
        },
      };
    },
  };
}
