import assert from 'node:assert/strict';
import { it } from 'node:test';
import { parseRetryAfter } from '../../../../src/secrets/providers/network/retry-after.ts';

it('Retry-After is seconds or a date', () => {
  assert.equal(parseRetryAfter('7'), 7_000);
  const inAMinute = parseRetryAfter(new Date(Date.now() + 60_000).toUTCString());
  assert.ok(inAMinute !== undefined && inAMinute > 58_000 && inAMinute <= 60_000);
  for (const header of [undefined, '', '0', '-1', 'soon', '1e3', 'Thu, 01 Jan 1970 00:00:00 GMT', 7])
    assert.equal(parseRetryAfter(header), undefined, String(header));
});
