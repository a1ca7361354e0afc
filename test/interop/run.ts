/**
 * Installs and starts the independent implementations that this machine supports, each on free ports of 127.0.0.1, runs
 * the suites against them, and stops them. A missing one is skipped with a message.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, realpath, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { fileURLToPath } from 'node:url';
import { freePort } from '../../sandbox/http.ts';
import { startReaper } from '../../sandbox/reaper.ts';
import {
  createImplementations,
  find,
  run,
  Unavailable,
  unavailable,
  untilAnswering,
} from '../support/implementations.ts';
import { skipLine } from '../support/skip.ts';

/** The newest version for Java 17. Its APIs end with version 7.6. */
const LOWKEY_API_VERSION = '7.6';
const LOWKEY = 'com.github.nagyesta.lowkey-vault:lowkey-vault-app';

const root = fileURLToPath(new URL('../..', import.meta.url));

const reaper = startReaper();
const directory = await realpath(await mkdtemp(join(tmpdir(), 'interop-')));
reaper.remove(directory);
const implementations = createImplementations({ reaper, directory });

try {
  const environment: Record<string, string> = {};
  for (const [name, start] of Object.entries({ aws: startMoto, vault: startVault, azure: startLowkey }))
    try {
      Object.assign(environment, await start());
      console.log(`${name}: started`);
    } catch (error) {
      if (!(error instanceof Unavailable)) throw error;
      console.log(skipLine(`interop on ${name}`, error.message));
    }
  // One file at a time: each measures a service under load.
  const suites = spawn(
    process.execPath,
    ['--test', '--test-concurrency=1', '--test-reporter=spec', 'test/interop/*.interop.ts'],
    { cwd: root, env: { ...process.env, ...environment }, stdio: 'inherit' },
  );
  reaper.watch(suites);
  const [code] = await once(suites, 'exit');
  process.exitCode = code ?? 1;
} finally {
  await reaper.close();
}

async function startMoto() {
  const { url } = await implementations.startMoto();
  return { INTEROP_AWS_ENDPOINT: url };
}

async function startVault() {
  const { url, token } = await implementations.startVault();
  return { INTEROP_VAULT_ADDR: url, INTEROP_VAULT_TOKEN: token };
}

async function startLowkey() {
  const java = find('java');
  const jar = await lowkeyJar();
  const [port, tokenPort] = [await freePort(), await freePort()];
  const server = implementations.start(java, [
    ...['-jar', jar, '--server.address=127.0.0.1'],
    ...[`--server.port=${port}`, `--app.token.port=${tokenPort}`],
  ]);
  const identityEndpoint = `http://127.0.0.1:${tokenPort}/metadata/identity/oauth2/token`;
  await untilAnswering(server, `${identityEndpoint}?resource=https://vault.azure.net`);
  const trusted = join(directory, 'lowkey-vault.pem');
  await writeFile(trusted, await certificateOf(port));
  return {
    INTEROP_AZURE_VAULT_URL: `https://localhost:${port}`,
    INTEROP_AZURE_API_VERSION: LOWKEY_API_VERSION,
    IDENTITY_ENDPOINT: identityEndpoint,
    IDENTITY_HEADER: 'any',
    NODE_EXTRA_CA_CERTS: trusted,
  };
}

/**
 * Installed only on request: its token endpoint listens on every address of the machine, whatever `server.address` is.
 * Its tokens are valid only for itself.
 */
async function lowkeyJar(): Promise<string> {
  const { LOWKEY_VAULT_JAR: jar, LOWKEY_VAULT_VERSION: version } = process.env;
  if (jar) return jar;
  if (!version)
    throw new Unavailable(
      'set LOWKEY_VAULT_VERSION, 3.4.33 for Java 17, or LOWKEY_VAULT_JAR to have Lowkey Vault',
    );
  await run(find('mvn'), [
    ...['-q', '-B', 'dependency:copy', `-Dartifact=${LOWKEY}:${version}`],
    ...[`-DoutputDirectory=${directory}`, '-Dmdep.useBaseVersion=true'],
  ]).catch(unavailable(`Maven cannot fetch ${LOWKEY}:${version}`));
  return join(directory, `lowkey-vault-app-${version}.jar`);
}

/** The server's certificate is self-signed. This process has just started that server, on this machine. */
async function certificateOf(port: number): Promise<string> {
  const socket = connect({ host: '127.0.0.1', port, rejectUnauthorized: false });
  await once(socket, 'secureConnect');
  const certificate = socket.getPeerX509Certificate();
  socket.destroy();
  if (!certificate) throw new Error('Lowkey Vault presents no certificate.');
  return certificate.toString();
}
