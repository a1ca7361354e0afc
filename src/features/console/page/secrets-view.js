/** The secrets of the service, live: figures, chart, cards, controls and a log of what happened. */
import { secretCard } from './cards.js';
import { drawChart } from './chart.js';
import { announce, element } from './dom.js';
import { count, time } from './format.js';
import { followService } from './live.js';
import { createLoad } from './load.js';
import { rotateActions } from './rotate.js';
import { sandboxPanel } from './sandbox-panel.js';
import { tryItPanel } from './try-it.js';

/** Samples kept: somewhat more than the chart shows. */
const KEPT = 150;
const LOGGED = 200;

/** @param {{ abilities: { write: boolean } }} options @returns {{ view: Node, close(): void }} */
export function secretsView({ abilities }) {
  const samples = [];
  const changes = [];
  const totals = { requests: 0, failed: 0 };
  let shownVersions = new Map();
  let sandbox;

  const badges = element('div', { class: 'row' });
  const connection = element('p', { class: 'notice warn', role: 'alert', hidden: true });
  const figures = element('dl', { class: 'figures' });
  const chart = element(
    'div',
    { class: 'chart' },
    element('p', { class: 'empty' }, 'Waiting for the first second.'),
  );
  const cards = element('div', { class: 'cards' }, element('p', { class: 'empty' }, 'Loading the secrets.'));
  const entries = element('ol', {}, element('li', { class: 'empty' }, 'Nothing has happened yet.'));
  const log = element('div', { class: 'log', role: 'log', 'aria-label': 'Events', tabindex: '0' }, entries);
  const side = element('div', {});

  const load = createLoad(() => tryIt.showLoad());
  const tryIt = tryItPanel({ load });
  side.append(tryIt.panel);

  const showFigures = () => {
    const last = samples.at(-1);
    const figure = (title, value, unit, kind = '') =>
      element(
        'div',
        { class: `figure ${kind}` },
        element('dt', {}, title),
        element('dd', {}, value, unit && element('small', {}, ` ${unit}`)),
      );
    figures.replaceChildren(
      figure(
        'Failed requests',
        count(totals.failed),
        `of ${count(totals.requests)}`,
        totals.failed > 0 ? 'bad' : 'good',
      ),
      figure('Rotations', count(changes.filter(({ kind }) => kind === 'rotated').length), 'seen here'),
      figure('Requests', last ? count(last.requests) : '–', 'per second'),
      figure('Latency', last?.p50 === null || !last ? '–' : String(last.p50), 'ms median'),
    );
  };

  const marks = () =>
    changes.filter(({ kind }) => kind === 'rotated').map(({ at, secret }) => ({ at, label: secret }));

  const showLog = () => {
    if (changes.length === 0) return;
    entries.replaceChildren(
      ...changes
        .slice(-LOGGED)
        .toReversed()
        .map(({ at, secret, kind, text }) =>
          element(
            'li',
            {},
            element('time', { datetime: new Date(at).toISOString() }, time(at)),
            element('span', { class: `badge ${KINDS[kind] ?? ''}` }, secret),
            element('span', {}, text),
          ),
        ),
    );
  };

  const showState = ({ provider, environment, secrets, database, sandbox: hasSandbox }) => {
    badges.replaceChildren(
      element('span', { class: 'badge plain' }, `Provider: ${provider}`),
      element('span', { class: 'badge plain' }, `Environment: ${environment}`),
    );
    if (hasSandbox && !sandbox) {
      sandbox = sandboxPanel();
      side.append(sandbox);
    }
    const focused = document.activeElement?.getAttribute('data-rotate');
    const versions = new Map(secrets.map(({ name, version }) => [name, version]));
    cards.replaceChildren(
      ...secrets.map((secret) =>
        secretCard({
          secret,
          database: secret.id === 'database' ? database : undefined,
          isNew: shownVersions.has(secret.name) && shownVersions.get(secret.name) !== secret.version,
          actions: rotateActions(secret, { ...abilities, sandbox: hasSandbox }),
        }),
      ),
    );
    shownVersions = versions;
    if (focused) cards.querySelector(`[data-rotate="${CSS.escape(focused)}"]`)?.focus();
  };

  const add = (news) => {
    changes.push(...news);
    for (const { kind, text } of news) if (kind === 'rotated') announce(text);
    if (news.length > 0) showLog();
  };

  const close = followService({
    onHistory(history) {
      connection.hidden = true;
      samples.splice(0, samples.length, ...history.samples);
      changes.splice(0, changes.length, ...history.changes);
      Object.assign(totals, history.totals);
      showLog();
    },
    onTick({ sample, state, changes: news, totals: now }) {
      samples.push(sample);
      samples.splice(0, samples.length - KEPT);
      Object.assign(totals, now);
      add(news);
      showFigures();
      drawChart(chart, samples, marks());
      showState(state);
    },
    onLost() {
      connection.textContent = 'The connection to the service is lost. Trying again.';
      connection.hidden = false;
    },
  });

  showFigures();
  const resized = new ResizeObserver(() => samples.length > 0 && drawChart(chart, samples, marks()));
  resized.observe(chart);

  return {
    view: element(
      'div',
      {},
      element('div', { class: 'head' }, element('h1', {}, 'Secrets'), badges),
      connection,
      element(
        'div',
        { class: 'dashboard' },
        element(
          'div',
          {},
          figures,
          element(
            'section',
            { class: 'panel', 'aria-labelledby': 'traffic' },
            element('h2', { id: 'traffic' }, 'Traffic and rotations'),
            chart,
          ),
          cards,
          element(
            'section',
            { class: 'panel', 'aria-labelledby': 'events' },
            element('h2', { id: 'events' }, 'Events'),
            log,
          ),
        ),
        side,
      ),
    ),
    close() {
      load.stop();
      resized.disconnect();
      close();
    },
  };
}

const KINDS = { rotated: 'good', recovered: 'good', switched: '', stale: 'warn', unusable: 'bad' };
