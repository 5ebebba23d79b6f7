import { readdirSync, readFileSync } from 'node:fs';
import { Ajv } from 'ajv';
import formats from 'ajv-formats';
import * as assert from 'uvu/assert';
import { events } from '#gen/events.ts';
import type {
  Consumption,
  ServiceDefinition,
  ServiceDeps,
} from '#lib/service/service-definition.ts';
import { suite } from '#test/harness/suite.ts';
import { asyncApi, decodeJson, differences, encodeJson } from './asyncapi.ts';
import { consumed } from './fixture.ts';

const test = suite('gen/asyncapi.json');

function readSchema(): object {
  const path = import.meta.resolve('@asyncapi/specs/schemas/3.0.0.json');
  return JSON.parse(readFileSync(new URL(path), 'utf8')) as object;
}

/** Every value of the document with this key. */
function* valuesOf(value: unknown, key: string): Iterable<unknown> {
  if (typeof value !== 'object' || value === null) return;
  for (const [name, inner] of Object.entries(value)) {
    if (name === key) yield inner;
    yield* valuesOf(inner, key);
  }
}

function lookUp(reference: string): unknown {
  const steps = reference.replace(/^#\//, '').split('/');
  return steps.reduce<unknown>(
    (value, step) => (value as Record<string, unknown> | undefined)?.[step],
    asyncApi,
  );
}

async function serviceDefinitions(): Promise<ServiceDefinition[]> {
  const folder = new URL('../../services/', import.meta.url);
  const modules = await Promise.all(
    readdirSync(folder).map((name) => import(new URL(`${name}/service.ts`, folder).href)),
  );
  const exported = modules.map((module) => Object.values(module as object)[0] as unknown);
  return exported.filter((one) => typeof one === 'object') as ServiceDefinition[];
}

test('is valid by the schema of AsyncAPI 3', () => {
  // The schema brings its own copy of JSON Schema's.
  const ajv = new Ajv({ strict: false, allErrors: true, meta: false, validateSchema: false });
  formats.default(ajv);
  const validate = ajv.compile(readSchema());
  validate(asyncApi);
  assert.equal(validate.errors, null);
});

test('has everything that it refers to', () => {
  const references = [...valuesOf(asyncApi, '$ref')] as string[];
  assert.ok(references.length > 20);
  assert.equal(
    references.filter((reference) => lookUp(reference) === undefined),
    [],
  );
});

test('has every event, sent by its service on a channel of its own', () => {
  const types = Object.keys(events);
  assert.equal(Object.keys(asyncApi.components.messages), types);
  const sent = Object.values(asyncApi.operations).filter(({ action }) => action === 'send');
  assert.is(sent.length, types.length);
  for (const { type, subject, domain } of Object.values(events)) {
    const channel = asyncApi.channels[subject];
    assert.equal(Object.keys(channel?.messages ?? {}), [type]);
    assert.is(channel?.['x-producer'], domain);
    const stream = asyncApi['x-streams'][channel?.['x-stream'] ?? ''];
    assert.is(stream?.producer, domain);
  }
});

test('its examples are valid, headers, subject and payload', () => {
  for (const [type, { examples }] of Object.entries(asyncApi.components.messages)) {
    const [{ headers, payload }] = examples;
    const bytes = encodeJson(type, payload);
    assert.equal(decodeJson(type, bytes), payload);
    const { subject } = events[type as keyof typeof events];
    const message = { subject: `${subject}.${'0'.repeat(32)}`, headers: headers as never };
    assert.equal(differences({ ...message, payload: bytes }), []);
  }
});

test('what a service takes off a stream is what the contract says that it acts on', async () => {
  const taken = new Map<string, string[]>(Object.keys(events).map((type) => [type, []]));
  for (const { name, consumes } of await serviceDefinitions()) {
    const consumptions = consumes({} as ServiceDeps);
    for (const type of Object.keys(consumed[name] ?? {})) {
      assert.ok(
        consumptions.some((one) => delivers(one, type)),
        `${name} never gets ${type}`,
      );
      taken.get(type)?.push(name);
    }
    assert.is(consumptions.length > 0, consumed[name] !== undefined, name);
  }
  for (const { type, consumers } of Object.values(events)) {
    assert.equal(taken.get(type), [...consumers], type);
  }
});

function delivers({ domain, filterSubject }: Consumption, type: string): boolean {
  const event = events[type as keyof typeof events];
  const pattern = filterSubject.replaceAll('.', '\\.').replace('*', '[^.]+').replace('>', '.+');
  return domain === event.domain && new RegExp(`^${pattern}$`).test(`${event.subject}.0`);
}

test('a message that is unlike the document is told', () => {
  const { subject, type } = events['purser.payments.v1.PaymentFailed'];
  const [{ headers, payload }] = asyncApi.components.messages[type]!.examples;
  const message = {
    subject: `${subject}.${'0'.repeat(32)}`,
    headers: headers as Record<string, string>,
    payload: encodeJson(type, payload),
  };
  const { 'ce-id': id, ...withoutId } = message.headers;
  assert.ok(id);
  for (const [change, problem] of [
    [{ subject: 'purser.v1.payments.unknown.0' }, /no channel/],
    [{ subject }, /no channel/],
    [{ headers: withoutId }, /required property 'ce-id'/],
    [{ headers: { ...message.headers, extra: '1' } }, /must NOT have additional properties/],
    [{ headers: { ...message.headers, 'ce-source': 'purser/orders' } }, /is not published by/],
    [{ headers: { ...message.headers, 'ce-specversion': '2.0' } }, /must match pattern/],
  ] as const) {
    assert.match(differences({ ...message, ...change }).join('\n'), problem);
  }
});

test.run();
