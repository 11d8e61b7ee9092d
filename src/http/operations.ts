/** What operators and browsers ask for besides Matrix: the page of addresses, the OpenAPI document, health, metrics. */
import type { FastifyInstance } from 'fastify';
import { openApiDocument } from './openapi.ts';
import { homePage, PAGE_HEADERS } from './pages.ts';
import type { HttpParts } from './parts.ts';
import type { Mount } from './server.ts';
import { servedEndpoints } from './served-endpoints.ts';

export function mountOperations(parts: HttpParts): Mount {
  return async (app: FastifyInstance) => {
    app.get('/', (_request, reply) => reply.headers(PAGE_HEADERS).send(homePage(parts.identity.serverName)));
    const document = JSON.stringify(openApiDocument(servedEndpoints));
    app.get('/openapi.json', (_request, reply) => reply.type('application/json; charset=utf-8').send(document));
    app.get('/health', async (_request, reply) => {
      const health = await parts.health();
      return reply.code(health.status === 'unavailable' ? 503 : 200).send(health);
    });
    app.get('/metrics', async (_request, reply) =>
      reply.header('content-type', parts.metrics.contentType).send(await parts.metrics.metrics()),
    );
  };
}
