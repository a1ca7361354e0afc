import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { openaiProof } from '../../src/clients/openai-proof.ts';
import { openaiSchema } from '../../src/secrets/schemas.ts';

describe('the server that an OpenAI secret names', () => {
  for (const [base_url, server] of [
    [undefined, undefined],
    ['https://api.openai.com/v1', undefined],
    ['https://ai.example.com/v1', 'ai.example.com:443'],
    ['https://ai.example.com:8443', 'ai.example.com:8443'],
    ['http://ai.example.com:8443', 'http://ai.example.com:8443'],
    ['http://ai.example.com', 'http://ai.example.com:80'],
    ['http://api.openai.com:443', 'http://api.openai.com:443'],
  ] as const)
    it(`${base_url} is ${server}: the scheme is part of it`, () => {
      assert.equal(openaiProof.serverOf(openaiSchema.parse({ api_key: 'k', model: 'm', base_url })), server);
    });
});
