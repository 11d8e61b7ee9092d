/** The server hands out the description of itself. */
import { expect, it } from 'vitest';
import { openApiDocument } from '../../src/http/openapi.ts';
import { servedEndpoints } from '../../src/http/served-endpoints.ts';
import { openStory } from '../support/story.ts';

it('the OpenAPI document of what is served can be read without a token, and is linked where everything is', async () => {
  const story = await openStory();
  try {
    const answer = await fetch(`${story.url}/openapi.json`);
    expect(answer.status).toBe(200);
    expect(answer.headers.get('access-control-allow-origin')).toBe('*');
    expect(await answer.json()).toEqual(JSON.parse(JSON.stringify(openApiDocument(servedEndpoints))));
    expect(await (await fetch(story.url)).text()).toContain('href="/openapi.json"');
  } finally {
    await story.close();
  }
});
