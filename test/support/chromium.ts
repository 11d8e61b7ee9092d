/** A real browser for a test file: the system's Chromium, with a fresh profile, watched for whatever it asks of anybody. */
import { execFile } from 'node:child_process';
import { access, constants } from 'node:fs/promises';
import { promisify } from 'node:util';
import { chromium, type Browser, type Page } from 'playwright-core';

const run = promisify(execFile);

const FLAGS = [
  ...['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run'],
  ...['--disable-background-networking', '--disable-component-update', '--disable-sync'],
];

/** `executablePath` and flags are set; every call gets a profile of its own, gone on close. */
export async function openBrowser(): Promise<Browser> {
  return chromium.launch({ executablePath: await chromiumBinary(), args: FLAGS });
}

/** CHROMIUM_PATH, else the system's; on Debian as root it is installed, which is said. */
async function chromiumBinary(): Promise<string> {
  const places = [process.env['CHROMIUM_PATH'], '/usr/bin/chromium', '/usr/bin/chromium-browser'];
  for (const place of places) if (place !== undefined && (await isExecutable(place))) return place;
  if (process.getuid?.() === 0 && (await isExecutable('/usr/bin/apt-get'))) {
    process.stderr.write('\n*** Chromium is not installed: installing it with apt-get, once ***\n\n');
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
    await run('apt-get', ['update', '-qq'], { env });
    await run('apt-get', ['install', '-y', '-qq', 'chromium'], { env, maxBuffer: 64 * 1024 * 1024 });
    if (await isExecutable('/usr/bin/chromium')) return '/usr/bin/chromium';
  }
  throw new Error('the browser tests need Chromium: install it, or name it in CHROMIUM_PATH');
}

async function isExecutable(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}

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
