// The generated requests against the system that `npm start` runs, and its answers against the
// OpenAPI document.
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import * as assert from 'uvu/assert';
import { RouteTable } from '../../gateway/route-table.ts';
import { answerFaults, apiOperations } from '#test/harness/api-document.ts';
import { runProgram } from '#test/harness/program.ts';
import { startSystem } from '#test/harness/started-system.ts';
import { suite } from '#test/harness/suite.ts';
import { temporaryFolder } from '#test/harness/temporary-folder.ts';

const test = suite('API reference');

const projectFolder = resolve(import.meta.dirname, '../..');
const collectionFile = join(projectFolder, 'gen/purser.postman_collection.json');
const reportFile = join(temporaryFolder(), 'newman.json');

interface Execution {
  item: { name: string };
  request: { method: string; url: { path: string[] } };
  response: { code: number; header: { key: string; value: string }[]; stream: { data: number[] } };
  assertions?: { assertion: string; error?: { message: string } }[];
}

const system = await startSystem();
let executions: Execution[] = [];

test.after(async () => {
  assert.is(await system.stop(), 0);
});

/** The operation that a request was for. */
const table = new RouteTable(apiOperations);

function operationOf({ method, url }: Execution['request']) {
  const match = table.match(method, `/${url.path.join('/')}`);
  if (match.kind !== 'found') throw new Error(`${method} /${url.path.join('/')} is not described.`);
  return match.operation;
}

test(
  'newman runs the collection: from the account to the refund, and what goes wrong',
  async () => {
    const newman = join(projectFolder, 'node_modules/.bin/newman');
    const reporters = ['--reporters', 'cli,json', '--reporter-json-export', reportFile];
    const address = ['--env-var', `baseUrl=${system.url}`];
    const args = [newman, 'run', collectionFile, '--color', 'off', ...address, ...reporters];
    const { exit, output } = await runProgram(process.execPath, args);
    assert.is(exit, 0, output);
    ({ executions } = JSON.parse(readFileSync(reportFile, 'utf8')).run);
    const assertions = executions.flatMap((execution) => execution.assertions ?? []);
    assert.ok(assertions.length > 80, `${assertions.length} assertions`);
    assert.equal(
      assertions.filter(({ error }) => error !== undefined),
      [],
    );
  },
  { timeoutMs: 120_000 },
);

test('the collection calls every operation of the document that is for users', () => {
  const called = new Set(executions.map(({ request }) => operationOf(request).operationId));
  const described = apiOperations
    .filter(({ path }) => !path.startsWith('/v1/operations/'))
    .map(({ operationId }) => operationId);
  assert.equal(
    described.filter((operationId) => !called.has(operationId)),
    [],
  );
});

test('every answer of the system is as the document describes it', async () => {
  const statuses = new Set<number>();
  for (const { item, request, response } of executions) {
    const { code: status, header, stream } = response;
    const headers = header.map(({ key, value }): [string, string] => [key, value]);
    const answer = new Response(Buffer.from(stream.data), { status, headers });
    assert.equal(await answerFaults(operationOf(request), answer), [], item.name);
    statuses.add(status);
  }
  assert.equal([...statuses].toSorted(), [200, 201, 400, 401, 403, 404, 409]);
});

interface FileRequest {
  title: string;
  name: string | undefined;
  status: number;
  /** The member that has to be so before the next request makes sense. */
  until: [member: string, value: unknown] | undefined;
  method: string;
  url: string;
  headers: Record<string, string>;
  body: string | undefined;
}

/** Reads a file of requests as editors do: blocks between lines that begin with ###. */
function readHttpFile(text: string) {
  const variables = new Map(
    [...text.matchAll(/^@(\w+) = (.*)$/gm)].map(([, name, value]) => [name!, value!]),
  );
  const requests = text.split(/^### /m).slice(1).map(readRequest);
  return { variables, requests };
}

function readRequest(block: string): FileRequest {
  const [title = '', ...lines] = block
    .replace(/^###\n@.*$/gm, '')
    .trim()
    .split('\n');
  const notes = lines.filter((line) => line.startsWith('#')).join('\n');
  const [head = '', ...body] = lines
    .filter((line) => !line.startsWith('#'))
    .join('\n')
    .split('\n\n');
  const [start = '', ...headers] = head.split('\n');
  const [method = '', url = ''] = start.split(' ');
  const until = /^# Send it again until (\S+) is (.*)\.$/m.exec(notes);
  return {
    title,
    name: /^# @name (\w+)$/m.exec(notes)?.[1],
    status: Number(/^# Answers (\d+)/m.exec(notes)?.[1]),
    until: until ? [until[1]!, JSON.parse(until[2]!)] : undefined,
    method,
    url,
    headers: Object.fromEntries(headers.map((line) => line.split(': ') as [string, string])),
    body: body.length === 0 ? undefined : body.join('\n\n'),
  };
}

/** `notifications[0].kind` of an answer; undefined where there is none. */
function memberAt(answer: any, path: string): any {
  const names = path.split(/[.[\]]+/).filter((name) => name !== '');
  return names.reduce((value, name) => value?.[name], answer);
}

test(
  'the file of requests for editors works from the first to the last',
  async () => {
    const text = readFileSync(join(projectFolder, 'gen/purser.http'), 'utf8');
    const { variables, requests } = readHttpFile(text);
    assert.is(requests.length, new Set(executions.map(({ item }) => item.name)).size);
    variables.set('baseUrl', system.url);
    const answers = new Map<string, any>();
    const filled = (template: string): string =>
      template.replaceAll(/\{\{([^{}]+)\}\}/g, (_, expression: string) => {
        const [, name, member] = /^(\w+)\.response\.body\.\$\.(.+)$/.exec(expression) ?? [];
        if (name !== undefined) return memberAt(answers.get(name), member!);
        return filled(variables.get(expression) ?? `no variable ${expression}`);
      });
    for (const { title, name, status, until, method, url, headers, body } of requests) {
      for (let attempt = 1; ; attempt += 1) {
        const answer = await fetch(filled(url), {
          method,
          headers: Object.entries(headers).map(([key, value]): [string, string] => [
            key,
            filled(value),
          ]),
          ...(body !== undefined && { body: filled(body) }),
        });
        assert.is(answer.status, status, `${title}: ${method} ${filled(url)}`);
        const members: any = await answer.json();
        if (name !== undefined) answers.set(name, members);
        if (until === undefined || memberAt(members, until[0]) === until[1]) break;
        assert.ok(attempt < 200, `${title}: still ${JSON.stringify(members)}`);
        await new Promise((resume) => setTimeout(resume, 50));
      }
    }
  },
  { timeoutMs: 120_000 },
);

test.run();
