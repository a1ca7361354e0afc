/** Checks the promises of the modules against their text. Each check also fails once on a broken copy. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { parseModule, readFiles } from './modules.ts';
import { policies as all } from './policies/all.ts';
import { policies as aws } from './policies/aws-secrets-manager.ts';
import { policies as azure } from './policies/azure-key-vault.ts';
import { policies as vault } from './policies/hashicorp-vault.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

const OWN = { 'aws-secrets-manager': aws, 'hashicorp-vault': vault, 'azure-key-vault': azure };

for (const [name, own] of Object.entries(OWN))
  describe(`the module ${name}`, () => {
    const files = readFiles(ROOT, name);
    const ofAll = all.map(({ broken: [module, ...broken], ...policy }) => ({
      ...policy,
      broken: module === name ? broken : undefined,
    }));
    for (const { title, violations, broken } of [...ofAll, ...own])
      it(title, async () => {
        assert.deepEqual(violations(await parseModule(name, files)), []);
        if (!broken) return;
        const [file, from, to] = broken;
        const text = files[file] ?? '';
        assert.ok(text.includes(from), `${file} does not contain the text to break`);
        const changed = await parseModule(name, { ...files, [file]: text.replaceAll(from, to) });
        assert.notDeepEqual(violations(changed), [], 'the check does not notice the broken copy');
      });
  });
