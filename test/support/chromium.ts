/** A real browser for a test file: the system's Chromium, with a fresh profile, watched for whatever it asks of anybody. */
import { chromium, type Browser, type Page } from 'playwright-core';
import { inject } from 'vitest';

const FLAGS = [
  ...['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run'],
  ...['--disable-background-networking', '--disable-component-update', '--disable-sync'],
];

/** `executablePath` and flags are set; every call gets a profile of its own, gone on close. */
export async function openBrowser(): Promise<Browser> {
  const executablePath = inject('chromium');
  if (executablePath === null) throw new Error('there is no Chromium on this machine');
  return chromium.launch({ executablePath, args: FLAGS });
}

/** False where the run has none: what needs one is then left out, and the set-up has said so. */
export const hasBrowser = (): boolean => inject('chromium') !== null;

export interface Watched {
  /** Addresses of every request, data: and blob: left out. */
  readonly requests: string[];
  /** Errors and warnings of the console, exceptions, requests that failed, and what the content policy stopped. */
  readonly complaints: string[];
}

/** Writes down what a page asks for and complains of, from now on. */
export async function watch(page: Page): Promise<Watched> {
  const watched: Watched = { requests: [], complaints: [] };
  page.on('request', (request) => {
    if (!/^(data|blob):/.test(request.url())) watched.requests.push(request.url());
  });
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') watched.complaints.push(message.text());
  });
  page.on('pageerror', (error) => watched.complaints.push(String(error)));
  page.on('requestfailed', (request) => watched.complaints.push(`failed: ${request.url()}`));
  await page.exposeFunction('complainOfPolicy', (what: string) => void watched.complaints.push(what));
  await page.addInitScript(`document.addEventListener('securitypolicyviolation', (violation) => {
    complainOfPolicy('policy: ' + violation.violatedDirective + ' ' + violation.blockedURI);
  })`);
  return watched;
}
