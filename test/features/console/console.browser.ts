/** The console in a browser, on the service as a process, from signing in to rotations under load. */
import assert from 'node:assert/strict';
import { mkdir } from 'node:fs/promises';
import { after, before, describe, it } from 'node:test';
import { AxeBuilder } from '@axe-core/playwright';
import type { Browser, Page } from 'playwright-core';
import { startControl } from '../../../sandbox/control.ts';
import { type Sandbox, startSandbox } from '../../../sandbox/sandbox.ts';
import { type Service, startService } from '../../../sandbox/service.ts';
import { startBrowser, withoutBrowser } from '../../support/browser.ts';

/** Where screenshots go, if a person asks for them. */
const SCREENSHOTS = process.env.SCREENSHOTS;
/** Milliseconds. Generous, because a machine may be busy. */
const PATIENCE = 60_000;

describe('the console', { skip: withoutBrowser }, () => {
  let sandbox: Sandbox;
  let control: Awaited<ReturnType<typeof startControl>>;
  let service: Service;
  let browser: Browser;
  let page: Page;
  let output = '';
  /** Errors of scripts, and what the content security policy refused. */
  const complaints: string[] = [];

  before(async () => {
    sandbox = await startSandbox({ provider: 'vault' });
    control = await startControl({ sandbox });
    service = startService({
      environment: { ...sandbox.environment, SECRET_TTL: '2', SANDBOX_CONTROL_URL: control.url },
      reaper: sandbox.reaper,
    });
    for (const stream of [service.process.stdout, service.process.stderr])
      stream?.on('data', (chunk) => {
        output += chunk;
      });
    assert.ok(await service.ready, output);
    browser = await startBrowser();
    page = await (await browser.newContext({ viewport: { width: 1280, height: 900 } })).newPage();
    page.setDefaultTimeout(PATIENCE);
    page.on('console', (line) => line.type() === 'error' && complaints.push(line.text()));
    page.on('pageerror', (error) => complaints.push(error.message));
    page.on('dialog', (dialog) => dialog.accept());
    await page.goto(service.url);
  });
  after(async () => {
    await browser?.close();
    await service?.stop();
    await control?.close();
    await sandbox?.close();
  });

  const field = (label: string) => page.getByLabel(label, { exact: true });
  const button = (name: string | RegExp) => page.getByRole('button', { name });
  const heading = (name: string) => page.getByRole('heading', { name, exact: true });
  const card = (name: string) => page.getByRole('article', { name, exact: true });
  const log = () => page.getByRole('log');
  const failedRequests = () => page.locator('.figure', { hasText: 'Failed requests' }).locator('dd');
  const shown = (text: string | RegExp) => page.getByText(text).first().waitFor();

  /** https://github.com/dequelabs/axe-core/blob/develop/doc/rule-descriptions.md */
  const violations = async () => {
    const { violations } = await new AxeBuilder({ page: page as never }).analyze();
    return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`);
  };

  const screenshot = async (name: string) => {
    if (SCREENSHOTS === undefined) return;
    await mkdir(SCREENSHOTS, { recursive: true });
    await page.screenshot({ path: `${SCREENSHOTS}/${name}.png`, fullPage: true });
  };

  /** The page at both widths and in both themes: no violation, nothing that needs sideways scrolling. */
  const examine = async (name: string) => {
    for (const colorScheme of ['light', 'dark'] as const)
      for (const width of [390, 1280]) {
        await page.emulateMedia({ colorScheme });
        await page.setViewportSize({ width, height: 900 });
        assert.deepEqual(await violations(), [], `${name}, ${colorScheme}, ${width}`);
        const overflow = await page.evaluate(
          () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
        );
        assert.ok(overflow <= 0, `${name} is ${overflow} pixels too wide at ${width}`);
        await screenshot(`${name}-${width}-${colorScheme}`);
      }
    await page.emulateMedia({ colorScheme: 'light' });
    await page.setViewportSize({ width: 1280, height: 900 });
  };

  it('asks to sign in, and says what is wrong with a password', async () => {
    await heading('Sign in').waitFor();
    await examine('sign-in');
    await field('Email address').fill(sandbox.user.email);
    await field('Password').fill('wrong');
    await button('Sign in').click();
    await page
      .getByRole('alert')
      .filter({ hasText: 'The email address or the password is wrong.' })
      .waitFor();
    // The browser itself reports an answer of 401.
    complaints.splice(0);
  });

  it('shows the secrets after signing in by the keyboard alone', async () => {
    await field('Password').fill(sandbox.user.password);
    await page.keyboard.press('Enter');
    await heading('Secrets').waitFor();
    for (const id of ['database', 'jwt', 'openai']) await card(id).getByText('Up to date').waitFor();
    await shown('Provider: vault');
  });

  it('keeps the session over a reload', async () => {
    await page.reload();
    await card('database').waitFor();
  });

  it('tests the database and streams a chat', async () => {
    await button('Test the database').click();
    await shown(/^Connected as myapp_a in [\d.]+ ms\. PostgreSQL 18/);
    await button('Send').click();
    await shown('You said: Say hello.');
  });

  it('rotates under load without a failed request, and marks it on the chart', async () => {
    await button('Start a load').click();
    await shown(/^[1-9]\d* requests sent, 0 failed\.$/);
    await button('Rotate database').click();
    await log().getByText('myapp/database rotated. The new version is in use.').waitFor();
    await page.locator('.chart .flag').first().waitFor();
    await log().getByText('New connections serve every query.').first().waitFor();
    await button('Rotate jwt').click();
    await log().getByText('myapp/jwt rotated. The new version is in use.').waitFor();
    assert.match((await failedRequests().textContent()) ?? '', /^0 of [1-9]/);
  });

  it('stays at zero while the backend is sealed, and says that the secrets are stale', async () => {
    await button('Sealed').click();
    await card('database').getByText('Stale: unavailable').waitFor();
    await examine('secrets');
    await button('Sealed').click();
    await card('database').getByText('Up to date').waitFor();
    assert.match((await failedRequests().textContent()) ?? '', /^0 of /);
  });

  it('stays at zero while the database login is locked', async () => {
    await button('Lock the database login').click();
    await card('database').getByText('3', { exact: true }).first().waitFor();
    await shown(/^[\d,.]+ requests sent, 0 failed\.$/);
    await button('Stop the load').click();
    assert.match((await failedRequests().textContent()) ?? '', /^0 of /);
  });

  it('shows the fields of each source', async () => {
    await page.getByRole('link', { name: 'Connections' }).click();
    await heading('Connections').waitFor();
    for (const [source, labels] of [
      ['AWS Secrets Manager', ['ARN of the secret', 'Region']],
      ['HashiCorp Vault', ['Path of the secret below the KV mount']],
      ['Azure Key Vault', ['URL of the vault', 'Name of the secret']],
      ['A secret store component', ['Component', 'Name of the secret (optional)']],
      ['The secret backend of this service', ['Name of the secret']],
    ] as const) {
      await field(source).check();
      for (const label of labels) assert.ok(await field(label).isVisible(), `${source}: ${label}`);
    }
  });

  it('shows the fields of each login', async () => {
    for (const [login, label] of [
      ['iam-user', 'Key of the secret access key'],
      ['iam-role', 'External ID'],
      ['basic', 'Key of the password'],
    ] as const) {
      await page.getByRole('combobox', { name: 'Authentication' }).selectOption(login);
      assert.ok(await field(label).isVisible(), label);
    }
    await examine('connections');
  });

  it('says what is wrong, at the field where there is one, and keeps what was typed', async () => {
    await field('Name of the secret').fill('myapp/database');
    await button('Test connection').click();
    await shown(/must begin with myapp\/credentials\//);
    assert.equal(await field('Name of the secret').inputValue(), 'myapp/database');
    await field('Port').fill('99999999999999999999');
    await button('Test connection').click();
    await shown(/must begin with|port/);
    await field('Port').fill('');
    complaints.splice(0);
  });

  it('connects, saves, lists and deletes a connection', async () => {
    await field('Name of the secret').fill('myapp/credentials/warehouse');
    await button('Test connection').click();
    await shown(/^Connected in \d+ ms\.$/);
    await button('Save').click();
    await shown(/^Saved as [0-9a-f-]{36}\.$/);
    const saved = page.getByRole('region', { name: 'Saved connections' });
    await saved.getByRole('button', { name: 'Test' }).click();
    await shown(/: connected in \d+ ms\.$/);
    await saved.getByRole('button', { name: 'Details' }).click();
    await saved.getByText('"secret-path": "myapp/credentials/warehouse"').waitFor();
    await saved.getByRole('button', { name: 'Delete' }).click();
    await saved.getByText('No connection is saved yet.').waitFor();
  });

  it('ends the session when a person signs out', async () => {
    await button('Sign out').click();
    await heading('Sign in').waitFor();
    assert.equal(await page.evaluate(() => sessionStorage.length), 0);
  });

  it('loads from its own origin only, and breaks no rule of its content security policy', async () => {
    const response = await page.reload();
    const policy = response?.headers()['content-security-policy'] ?? '';
    assert.match(policy, /default-src 'self'/);
    assert.doesNotMatch(policy, /unsafe|https:|\*/);
    assert.deepEqual(complaints, []);
  });

  it('leaves no secret in the log', () => {
    for (const value of sandbox.plantedValues()) assert.ok(!output.includes(value));
  });
});
