/** Before anything of an operation runs: who may ask, and how much; and what it came to, in the answer. */
import type { ApolloServerPlugin } from '@apollo/server';
import { OperationTypeNode } from 'graphql';
import { createMeasure } from './measure.ts';
import { readsOnly } from '../commands/lanes/reading-recorder.ts';
import { MatrixError } from '../matrix/errors.ts';
import type { Context, GraphqlSettings } from './context.ts';
import { requestError } from './errors.ts';
import { checkSize, isIntrospection, toldSize, type RequestSize } from './limits.ts';

export function checkOperations({ introspection, maxCost }: GraphqlSettings): ApolloServerPlugin<Context> {
  const measure = createMeasure();
  return {
    async requestDidStart() {
      let size: RequestSize | null = null;
      return {
        async didResolveOperation({ schema, document, operation, request, contextValue }) {
          // Its type allows for none, which never gets here.
          if (operation === undefined) return;
          try {
            if (operation.operation === OperationTypeNode.SUBSCRIPTION) {
              throw new MatrixError(
                'M_UNRECOGNIZED',
                'Subscriptions are opened over WebSocket, or at /graphql/stream.',
                { status: 400 },
              );
            }
            if (operation.operation === OperationTypeNode.MUTATION && contextValue.readsOnly) throw readsOnly();
            const isOpen = introspection === 'on' && isIntrospection(operation);
            if (contextValue.actor === null && !isOpen) throw new MatrixError('M_MISSING_TOKEN');
            size = checkSize({ schema, document, operation, variables: request.variables ?? {} }, maxCost, measure);
          } catch (error) {
            throw error instanceof MatrixError ? requestError(error) : error;
          }
          // An act takes the time it takes; what it changed is read within the time.
          if (operation.operation === OperationTypeNode.QUERY) contextValue.deadline.start();
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
