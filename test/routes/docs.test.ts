/** The page of the document in a browser, under the content security policy that every answer carries. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Browser, Page } from 'playwright-core';
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
  });
  after(async () => {
    await browser?.close();
    await server?.close();
  });

  it('shows the routes', async () => {
    await page.locator('.opblock').first().waitFor();
    const paths = await page.locator('.opblock-summary-path').allInnerTexts();
    for (const path of ['/health', '/auth/login', '/ai/chat'])
      assert.ok(
        paths.some((shown) => shown.replaceAll('\u200b', '') === path),
        paths.join(),
      );
  });

  it('calls them', async () => {
    await page.locator('#operations-health-get-health').click();
    await page.getByRole('button', { name: 'Try it out' }).click();
    await page.getByRole('button', { name: 'Execute' }).click();
    assert.match(
      await page.locator('.live-responses-table .microlight').first().innerText(),
      /"status": "ok"/,
    );
  });

  it('loads nothing from elsewhere, and the browser complains of nothing', () => {
    assert.deepEqual([...hosts], [new URL(server.url).host]);
    assert.deepEqual(complaints, []);
  });
});
