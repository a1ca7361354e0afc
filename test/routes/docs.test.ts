/** The API page in a browser, under the content security policy of every answer. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Browser, Page } from 'playwright-core';
import { ada, PASSWORD } from '../support/app.ts';
import { startBrowser, withoutBrowser } from '../support/browser.ts';
import { serveTestApp } from '../support/serve.ts';

describe('/docs', { skip: withoutBrowser }, () => {
  let server: Awaited<ReturnType<typeof serveTestApp>>;
  let browser: Browser;
  let page: Page;
  const complaints: string[] = [];
  const hosts = new Set<string>();

  before(async () => {
    server = await serveTestApp();
    browser = await startBrowser();
    page = await browser.newPage();
    page.on('console', (line) => line.type() === 'error' && complaints.push(line.text()));
    page.on('pageerror', (error) => complaints.push(error.message));
    page.on('request', (request) => hosts.add(new URL(request.url()).host));
    await page.goto(`${server.url}/docs`);
    await page.locator('.operation').first().waitFor();
  });
  after(async () => {
    await browser?.close();
    await server?.close();
  });

  const open = async (id: string) => {
    const operation = page.locator(`[id="${id}"]`);
    await operation.locator('summary').first().click();
    return operation;
  };

  it('shows every route with its method, summary and access', async () => {
    const shown = await page.locator('.operation > summary').allInnerTexts();
    const lines = shown.map((text) => text.replace(/\s+/g, ' ').trim());
    assert.ok(lines.includes('GET /health Whether the process lives'), lines.join('\n'));
    assert.ok(lines.includes('GET /auth/me The caller needs a token'), lines.join('\n'));
    const paths: Record<string, object> = (await (await fetch(`${server.url}/openapi.json`)).json()).paths;
    assert.equal(shown.length, Object.values(paths).flatMap((methods) => Object.keys(methods)).length);
  });

  it('sends a request and shows the answer', async () => {
    const health = await open('get-health');
    await health.getByRole('button', { name: 'Send' }).click();
    await health.locator('output .good').waitFor();
    assert.match(await health.locator('output').innerText(), /^200 OK\s+\{\s+"status": "ok"\s+\}$/);
  });

  it('sends a body, which begins with the example', async () => {
    await page.getByLabel('Email address', { exact: true }).fill(ada.email);
    await page.getByLabel('Password', { exact: true }).fill(PASSWORD);
    await page.getByRole('button', { name: 'Log in' }).click();
    await page.locator('#login output').filter({ hasText: 'Logged in.' }).waitFor();

    const chat = await open('post-ai-chat');
    assert.equal(await chat.getByLabel('Body').inputValue(), '{\n  "message": "Say hello."\n}');
    await chat.getByRole('button', { name: 'Send' }).click();
    await chat.locator('output .good').waitFor();
    assert.match(await chat.locator('output').innerText(), /"reply": "echo Say hello\."/);
  });

  it('shows what each answer means, with its schema', async () => {
    const login = await open('post-auth-login');
    assert.match(await login.locator('dl').innerText(), /401\s+The email address or the password is wrong/);
    assert.match((await login.locator('pre').first().textContent()) ?? '', /"email"/);
  });

  for (const width of [320, 1280])
    it(`fits a window of ${width} pixels`, async () => {
      await page.setViewportSize({ width, height: 800 });
      const overflow = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
      assert.ok(overflow <= 0, `${overflow} pixels too wide`);
    });

  it('loads nothing from other hosts and causes no error in the browser', () => {
    assert.deepEqual([...hosts], [new URL(server.url).host]);
    assert.deepEqual(complaints, []);
  });
});
