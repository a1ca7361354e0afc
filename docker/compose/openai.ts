/** The sandbox's OpenAI as a service. It remembers in a file what it must know after a restart. */
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { startOpenAI } from '../../sandbox/openai.ts';
import { createAdministrator } from '../../sandbox/openai-service-accounts.ts';
import { type OpenAIState, STATE } from './openai-state.ts';

const state: OpenAIState = existsSync(STATE)
  ? JSON.parse(readFileSync(STATE, 'utf8'))
  : { administrator: createAdministrator(), keys: [] };
const keys = new Set(state.keys);
const save = () => {
  writeFileSync(`${STATE}.new`, JSON.stringify({ ...state, keys: [...keys] }), { mode: 0o600 });
  renameSync(`${STATE}.new`, STATE);
};
save();

const { close } = await startOpenAI({
  host: '0.0.0.0',
  port: 8080,
  administrator: state.administrator,
  keys: {
    has: (key) => keys.has(key),
    add(key) {
      keys.add(key);
      save();
      return keys;
    },
    delete(key) {
      const known = keys.delete(key);
      save();
      return known;
    },
    clear() {
      keys.clear();
      save();
    },
  },
});
process.once('SIGTERM', close);
