/** Chromium without a screen, where the machine has one. */
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { type Browser, chromium } from 'playwright-core';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'chrome'];

const executablePath = (process.env.PATH ?? '')
  .split(delimiter)
  .flatMap((directory) => NAMES.map((name) => join(directory, name)))
  .find((path) => existsSync(path));

/** The reason to skip a test that needs a browser; false where there is one. */
export const withoutBrowser = executablePath === undefined && 'there is no Chromium on the path';

export const startBrowser = (): Promise<Browser> =>
  chromium.launch({
    executablePath: executablePath ?? '',
    // Chromium cannot confine its processes when root starts it.
    chromiumSandbox: process.getuid?.() !== 0,
  });
