import type { Json } from '../openapi/json.ts';
import type { StepRequest, ToldChapter } from './requests.ts';

/** How often a request is repeated until the answer is as wanted, 100 ms apart. */
const attemptsMax = 150;

const advice =
  'Run it as a whole: each request builds on those before it. Every run begins with a new user.';

/** gen/purser.postman_collection.json: the story, to be run from its first request to its last. */
export function postmanCollection(chapters: readonly ToldChapter[], document: Json): Json {
  const { title, version, description } = document['info'] as Record<string, string>;
  const variables = chapters
    .flatMap(({ requests }) => requests)
    .flatMap(({ step }) => Object.keys(step.save ?? {}));
  return {
    info: {
      name: `${title} ${version}`,
      description: `${description}\n\n${advice}`,
      schema: 'https://schema.getpostman.com/json/collection/v2.1.0/collection.json',
    },
    variable: [
      { key: 'baseUrl', value: 'http://localhost:8080' },
      ...['user', 'attempt', ...new Set(variables)].map((key) => ({ key, value: '' })),
    ],
    item: chapters.map((chapter, index) => ({
      name: chapter.title,
      item: chapter.requests.map((request, at) => itemOf(request, index === 0 && at === 0)),
    })),
  };
}

function itemOf(request: StepRequest, isFirst: boolean): Json {
  const { step, httpMethod, path, headers, body, description } = request;
  const query = Object.entries(step.query ?? {}).map(([key, value]) => ({ key, value }));
  const queryText = query.map(({ key, value }) => `${key}=${encodeURIComponent(value)}`).join('&');
  const newUser = ["pm.collectionVariables.set('user', pm.variables.replaceIn('user-{{$guid}}'));"];
  return {
    name: step.title,
    event: [
      ...(isFirst ? [{ listen: 'prerequest', script: scriptOf(newUser) }] : []),
      { listen: 'test', script: scriptOf(testOf(request)) },
    ],
    request: {
      method: httpMethod,
      header: headers.map(([key, value]) => ({ key, value })),
      ...(body !== undefined && {
        body: {
          mode: 'raw',
          raw: JSON.stringify(body, undefined, 2),
          options: { raw: { language: 'json' } },
        },
      }),
      url: {
        raw: `{{baseUrl}}${path}${queryText === '' ? '' : `?${queryText}`}`,
        host: ['{{baseUrl}}'],
        path: path.split('/').slice(1),
        ...(query.length > 0 && {
          query: query.map(({ key, value }) => ({ key, value: encodeURIComponent(value) })),
        }),
      },
      description,
    },
    response: [],
  };
}

function scriptOf(exec: string[]): Json {
  return { type: 'text/javascript', exec };
}

function testOf({ step, statuses }: StepRequest): string[] {
  const answers = statuses.join(' or ');
  const checks = [
    `pm.test('answers ${answers}', () => pm.expect(pm.response.code).to.be.oneOf([${statuses}]));`,
    ...Object.entries({ ...step.until, ...step.expect }).map(
      ([path, value]) =>
        `pm.test(${literal(`${path} is ${JSON.stringify(value)}`)}, () => ` +
        `pm.expect(answer.${path}).to.eql(${expected(value)}));`,
    ),
    ...Object.entries(step.save ?? {}).map(
      ([name, path]) =>
        `pm.collectionVariables.set(${literal(name)}, String(answer.${path}).split('/').pop());`,
    ),
  ];
  const answer = 'const answer = pm.response.json();';
  if (step.until === undefined) {
    return [answer, ...checks];
  }
  const conditions = Object.entries(step.until).map(
    ([path, value]) => `answer.${path} === ${expected(value)}`,
  );
  return [
    answer,
    "const attempt = Number(pm.collectionVariables.get('attempt')) + 1;",
    `const isThere = ${conditions.join(' && ')};`,
    `if (!isThere && attempt < ${attemptsMax}) {`,
    "  pm.collectionVariables.set('attempt', attempt);",
    '  pm.execution.setNextRequest(pm.info.requestName);',
    '  setTimeout(() => {}, 100);',
    '} else {',
    "  pm.collectionVariables.set('attempt', 0);",
    ...checks.map((check) => `  ${check}`),
    '}',
  ];
}

/** Source text of the value; variables in it are filled in when the test runs. */
function expected(value: unknown): string {
  const text = JSON.stringify(value);
  if (!text.includes('{{')) {
    return text;
  }
  if (typeof value === 'string') {
    return `pm.variables.replaceIn(${literal(value)})`;
  }
  return `JSON.parse(pm.variables.replaceIn(${literal(text)}))`;
}

function literal(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}
