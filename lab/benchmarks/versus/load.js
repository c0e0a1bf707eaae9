// The load of a gallery and its readers, for k6: see load.py.
import http from 'k6/http';
import { check, sleep } from 'k6';

const kind = `${__ENV.BASE}/instagram/${__ENV.KIND}/`;
const key = { posts: 'id', stories: 'story_id', users: 'uuid' }[__ENV.KIND];
const words = ['lighthouse', 'harbour', 'recipe', 'su', 'winter sea'];

const SCENARIOS = {
  posts: { list: 10, search: 5, paging: 5, detail: 5, text: 3 },
  stories: { list: 10, paging: 5, detail: 5 },
  users: { list: 10, search: 5, paging: 5, detail: 5, history: 3 },
}[__ENV.KIND];

export const options = {
  scenarios: {},
  thresholds: { checks: ['rate==1'] },
  summaryTrendStats: ['p(95)'],
};
for (const [name, users] of Object.entries(SCENARIOS)) {
  options.scenarios[name] = {
    executor: 'constant-vus', exec: name, vus: users, duration: __ENV.DURATION, gracefulStop: '5s',
  };
  // k6 only reports the durations of a scenario that has a threshold.
  options.thresholds[`http_req_duration{scenario:${name}}`] = ['p(95)>=0'];
}

export function setup() {
  return http.get(`${kind}?page_size=100`).json('results').map((object) => object[key]);
}

function any(things) {
  return things[Math.floor(Math.random() * things.length)];
}

function get(url, pause = 1) {
  const response = http.get(url);
  check(response, { 'is 200': () => response.status === 200 });
  // Equal pauses would keep all clients in step, and make one burst of their requests.
  sleep(pause * (0.5 + Math.random()));
  return response;
}

export const list = () => get(kind);
export const search = () => get(`${kind}?search=${encodeURIComponent(any(words))}`);
export const detail = (keys) => get(`${kind}${any(keys)}/`);
export const history = (keys) => get(`${kind}${any(keys)}/history/`);
export function text() {
  const response = get(`${kind}ai-search/?text=${encodeURIComponent(any(words))}`);
  check(response, { 'has results': () => Array.isArray(response.json('results')) });
}

export function paging() {
  let next = kind;
  for (let page = 0; next && page < 5; page += 1) {
    next = get(next, 2).json('next');
  }
}

export function handleSummary(data) {
  const found = { failed: data.metrics.checks.values.fails };
  for (const name of Object.keys(SCENARIOS)) {
    found[name] = data.metrics[`http_req_duration{scenario:${name}}`].values['p(95)'];
  }
  return { stdout: JSON.stringify(found) };
}
