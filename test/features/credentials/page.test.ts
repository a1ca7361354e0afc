/** The page in a browser, on the service as a process, from logging in to a real connection. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Browser, Page } from 'playwright-core';
import { type Sandbox, startSandbox } from '../../../sandbox/sandbox.ts';
import { type Service, startService } from '../../../sandbox/service.ts';
import { startBrowser, withoutBrowser } from '../../support/browser.ts';

describe('the page', { skip: withoutBrowser }, () => {
  let sandbox: Sandbox;
  let service: Service;
  let browser: Browser;
  let page: Page;
  let output = '';
  /** What the browser complained about: errors of scripts, what the content security policy refused. */
  const complaints: string[] = [];

  before(async () => {
    sandbox = await startSandbox({ provider: 'vault' });
    service = startService({ environment: sandbox.environment, reaper: sandbox.reaper });
    for (const stream of [service.process.stdout, service.process.stderr])
      stream?.on('data', (chunk) => {
        output += chunk;
      });
    assert.ok(await service.ready, output);
    browser = await startBrowser();
    page = await browser.newPage();
    page.setDefaultTimeout(10_000);
    page.on('console', (line) => line.type() === 'error' && complaints.push(line.text()));
    page.on('pageerror', (error) => complaints.push(error.message));
    await page.goto(`${service.url}/credentials/new`);
  });
  after(async () => {
    await browser?.close();
    await service?.stop();
    await sandbox?.close();
  });

  const field = (label: string) => page.getByLabel(label, { exact: true });
  /** The fields of the source that is chosen: two sources may call one alike. */
  const ofSource = (label: string) =>
    page.locator('[data-source]:visible').getByLabel(label, { exact: true });
  const outcome = () => page.getByRole('status');
  const press = (name: string) => page.getByRole('button', { name }).click();
  /** Waits until the outcome is this one: the page says at once that it is at it. */
  const told = (text: RegExp) => outcome().filter({ hasText: text }).waitFor();

  it('asks for a login first, and tells a wrong one', async () => {
    assert.equal(await page.getByText('Where are your credentials stored?').isVisible(), false);
    await field('Email address').fill(sandbox.user.email);
    await field('Password').fill('wrong');
    await press('Log in');
    await told(/email address or the password is wrong/);
    complaints.splice(0);
  });

  it('then asks where the credentials are, with the focus on the first answer', async () => {
    await field('Password').fill(sandbox.user.password);
    await page.keyboard.press('Enter');
    await page.getByRole('group', { name: 'Where are your credentials stored?' }).waitFor();
    assert.equal(await page.evaluate(() => document.activeElement?.getAttribute('value')), 'direct');
    assert.deepEqual(
      await page
        .getByRole('radio')
        .evaluateAll((radios) => radios.map((radio) => radio.getAttribute('value'))),
      ['direct', 'agent', 'aws-secrets', 'vault-secrets', 'azure-secrets'],
    );
  });

  for (const [source, labels] of [
    ['AWS Secrets Manager', ['ARN of the secret', 'Region']],
    ['HashiCorp Vault', ['Path of the secret below the KV mount']],
    ['Azure Key Vault', ['URL of the vault', 'Name of the secret']],
    ['A secret store component', ['Component', 'Name of the secret (optional)']],
  ] as const)
    it(`shows the fields of ${source} and of no other`, async () => {
      await field(source).check();
      const group = page.getByRole('group', { name: source });
      assert.deepEqual(await group.getByRole('textbox').count(), labels.length);
      for (const label of labels)
        assert.ok(await group.getByLabel(label, { exact: true }).isVisible(), label);
      assert.equal(await page.locator('[data-source]:visible').count(), 1);
    });

  it('is worked by the keyboard alone', async () => {
    await field('The secret backend of this service').focus();
    await page.keyboard.press('ArrowDown');
    assert.ok(await page.getByRole('group', { name: 'A secret store component' }).isVisible());
    await page.keyboard.press('ArrowUp');
    await page.keyboard.press('Tab');
    await page.keyboard.type('myapp/credentials/warehouse');
    assert.equal(await ofSource('Name of the secret').inputValue(), 'myapp/credentials/warehouse');
  });

  it('shows the fields of each kind of authentication', async () => {
    for (const [kind, ...labels] of [
      ['iam-user', 'Key of the secret access key', 'Region of the server'],
      ['iam-role', 'External id', 'Region of the server'],
      ['basic', 'Key of the password'],
    ] as const) {
      await page.getByRole('combobox', { name: 'Authentication' }).selectOption(kind);
      for (const label of labels) assert.ok(await field(label).isVisible(), label);
      assert.equal(await page.locator('[data-authentication]:visible').count(), labels.length);
    }
  });

  it('tells what is wrong, and keeps what was typed', async () => {
    await ofSource('Name of the secret').fill('myapp/database');
    await press('Test connection');
    await told(/must begin with myapp\/credentials\//);
    assert.equal(await ofSource('Name of the secret').inputValue(), 'myapp/database');
    complaints.splice(0);
  });

  it('connects, and gives the focus back to the button', async () => {
    await ofSource('Name of the secret').fill('myapp/credentials/warehouse');
    await press('Test connection');
    await told(/^Connected in \d+ ms\.$/);
    assert.equal(await page.evaluate(() => document.activeElement?.textContent), 'Test connection');
  });

  it('has fields for TLS, which take precedence over the secret', async () => {
    const tls = page.getByRole('combobox', { name: 'TLS' });
    await tls.selectOption('verify-full');
    await field('CA certificate').fill('not a certificate');
    await press('Test connection');
    await told(/TLS|certificate/);
    complaints.splice(0);
    await field('CA certificate').fill('');
    await tls.selectOption('disable');
    await press('Test connection');
    await told(/^Connected in/);
    await tls.selectOption('');
  });

  it('saves', async () => {
    await press('Save');
    await told(/^Saved as [0-9a-f-]{36}$/);
  });

  it('has a label for every field and an outcome that is read out', async () => {
    const unlabelled = await page
      .locator('input, select, textarea')
      .evaluateAll((inputs) =>
        inputs.filter((input) => (input as HTMLInputElement).labels?.length === 0).map(String),
      );
    assert.deepEqual(unlabelled, []);
    assert.equal(await outcome().getAttribute('role'), 'status');
  });

  for (const colorScheme of ['light', 'dark'] as const)
    it(`can be read in ${colorScheme}: text has a contrast of 4.5 at least`, async () => {
      await page.emulateMedia({ colorScheme });
      assert.deepEqual(await page.evaluate(faintTexts), []);
    });

  for (const width of [320, 1280])
    it(`fits a window of ${width} pixels`, async () => {
      await page.setViewportSize({ width, height: 800 });
      const overflow = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
      assert.ok(overflow <= 0, `${overflow} pixels too wide`);
    });

  it('loads from here alone, and breaks no rule of its content security policy', async () => {
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

/** Runs in the page. https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio */
function faintTexts(): string[] {
  const canvas = Object.assign(document.createElement('canvas'), { width: 1, height: 1 }).getContext('2d');
  if (!canvas) return ['no canvas'];
  const luminance = (color: string) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = color;
    canvas.fillRect(0, 0, 1, 1);
    const [red = 0, green = 0, blue = 0] = [...canvas.getImageData(0, 0, 1, 1).data].map((byte) => {
      const share = byte / 255;
      return share <= 0.03928 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const ground = (element: Element | null): string => {
    if (!element) return 'white';
    const { backgroundColor } = getComputedStyle(element);
    return backgroundColor === 'rgba(0, 0, 0, 0)' ? ground(element.parentElement) : backgroundColor;
  };
  return [...document.querySelectorAll('h1, h2, legend, p, label, input, select, textarea, button')].flatMap(
    (element) => {
      const [dark = 0, light = 0] = [getComputedStyle(element).color, ground(element)]
        .map(luminance)
        .sort((a, b) => a - b);
      const contrast = (light + 0.05) / (dark + 0.05);
      return contrast < 4.5
        ? [`${element.tagName} ${element.textContent?.trim().slice(0, 30)}: ${contrast.toFixed(2)}`]
        : [];
    },
  );
}
