/** The explorer in a real browser: it is served whole from here, keeps to its policy, and shows a knock. */
import { mkdir } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hasBrowser, openBrowser, watch, type Watched } from '../support/chromium.ts';
import { knockRoom, register, type Client } from '../support/client.ts';
import { revealReasons } from '../support/graphql.ts';
import { startServer, type TestServer } from '../support/server.ts';

const PICTURE = fileURLToPath(new URL('../../docs/graphiql.png', import.meta.url));

let server: TestServer;
let browser: Browser;
let page: Page;
let watched: Watched;
let owner: Client;
let roomId: string;

const PEOPLE = [
  ['ada', 'I read your talk on tides and would like to help with the survey.'],
  ['bela', 'Kim from the harbour office sent me.'],
  ['chidi', 'Is this where the Friday walks are planned?'],
  ['dora', 'I have three boats and nowhere to go.'],
] as const;

beforeAll(async () => {
  server = await startServer();
  owner = await register(server.url, 'owner');
  roomId = await knockRoom(owner, { name: 'Tidewatchers' });
  for (const [name, reason] of PEOPLE) {
    const person = await register(server.url, name);
    await person.ok('PUT', `/profile/${person.userId}/displayname`, {
      displayname: `${name[0]!.toUpperCase()}${name.slice(1)}`,
    });
    await person.ok('POST', `/knock/${roomId}`, { reason });
  }
  await revealReasons(owner);
  browser = await openBrowser();
  page = await browser.newPage({ viewport: { width: 1280, height: 760 } });
  watched = await watch(page);
});

afterAll(async () => {
  await browser.close();
  await server.stop();
});

interface Answer {
  readonly data: { readonly knocks: { readonly totalCount: number; readonly nodes: readonly { reason: string }[] } };
  readonly errors?: readonly object[];
}

/** Replaces what the tab "Headers" holds, as somebody who types. */
async function typeHeaders(headers: object): Promise<void> {
  const text = JSON.stringify(headers);
  await page.locator('.graphiql-editor-tool .graphiql-editor:not(.hidden) .CodeMirror').click();
  await page.keyboard.press('Control+A');
  await page.keyboard.press('Delete');
  await page.keyboard.insertText(text);
}

describe.skipIf(!hasBrowser())('the explorer', () => {
  it('GET /graphql shows a browser the explorer, and says what is missing while no token is given', async () => {
    const answer = await page.goto(`${server.url}/graphql`);
    expect(answer?.status()).toBe(200);
    expect(answer?.headers()['content-security-policy']).toContain("default-src 'none'");
    expect(await page.title()).toContain('GraphiQL');
    await page.getByRole('button', { name: /Execute query/ }).click();
    await page.locator('.result-window', { hasText: 'M_MISSING_TOKEN' }).waitFor();
    // That answer was a 401, which a browser writes to its console.
    expect(watched.complaints.splice(0).every((text) => text.includes('401'))).toBe(true);
  });

  it('documents every field, before anybody has a token', async () => {
    await page.getByRole('button', { name: 'Show Documentation Explorer' }).click();
    await page.locator('.graphiql-doc-explorer').getByText('Query', { exact: true }).click();
    await page.locator('.graphiql-doc-explorer', { hasText: 'What can be asked.' }).waitFor();
    const told = await page.locator('.graphiql-doc-explorer').textContent();
    expect(told).toContain('The membership log, oldest first');
    await page.getByRole('button', { name: 'Hide Documentation Explorer' }).click();
  });

  it('with a token under Headers, a query shows the words of a knock', async () => {
    await typeHeaders({ Authorization: `Bearer ${owner.token}` });
    await page.getByRole('button', { name: /Execute query/ }).click();
    // The newest knock stands first, and is seen without scrolling; the rest is asked of the editor that shows it.
    await page.locator('.result-window', { hasText: PEOPLE.at(-1)![1] }).waitFor();
    const shown = await page.evaluate<string>(
      "document.querySelector('.result-window .CodeMirror').CodeMirror.getValue()",
    );
    const { data, errors } = JSON.parse(shown) as Answer;
    expect(errors).toBeUndefined();
    expect(data.knocks.totalCount).toBe(PEOPLE.length);
    expect(data.knocks.nodes.map(({ reason }) => reason)).toEqual(PEOPLE.map(([, reason]) => reason).toReversed());
  });

  it('with a subscription shows a knock when it comes, until it is stopped', async () => {
    await page.locator('.graphiql-query-editor .CodeMirror').click();
    await page.keyboard.press('Control+A');
    await page.keyboard.insertText('subscription { knocks { user { userId } status } }');
    // The editor reads a document when nobody has typed for a moment.
    await sleep(500);
    await page.getByRole('button', { name: /Execute query/ }).click();
    await page.getByRole('button', { name: /Stop query/ }).waitFor();
    const eve = await register(server.url, 'eve');
    const shown = page.locator('.result-window', { hasText: eve.userId });
    // Somebody who came before the stream was open would not be in it.
    for (let n = 0; (await shown.count()) === 0; n += 1) {
      await eve.ok('POST', `/knock/${roomId}`, { reason: `for the ${n}th time` });
      await sleep(300);
    }
    expect(await shown.textContent()).toContain('PENDING');
    await page.getByRole('button', { name: /Stop query/ }).click();
    await page.getByRole('button', { name: /Execute query/ }).waitFor();
  });

  it('asks nobody but this server, breaks no policy, and its console is clean', () => {
    expect(watched.requests.length).toBeGreaterThan(5);
    expect(watched.requests.filter((url) => !url.replace(/^ws/, 'http').startsWith(`${server.url}/`))).toEqual([]);
    expect(watched.complaints).toEqual([]);
  });

  it('leaves a picture for the README when asked to', async () => {
    await typeHeaders({ Authorization: 'Bearer your access token' });
    const picture = await page.screenshot();
    expect(picture.byteLength).toBeGreaterThan(20_000);
    if (process.env['UPDATE_PICTURES'] === undefined) return;
    await mkdir(fileURLToPath(new URL('../../docs/', import.meta.url)), { recursive: true });
    await page.screenshot({ path: PICTURE });
  });
});
