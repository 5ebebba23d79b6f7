import { getOption, hasOption } from '@bufbuild/protobuf';
import type {
  DescEnumValue,
  DescExtension,
  DescField,
  DescFile,
  DescMessage,
  DescMethod,
  DescService,
} from '@bufbuild/protobuf';
import { nestedTypes } from '@bufbuild/protobuf/reflect';

/** google.api.FieldBehavior, as far as it changes what is generated. */
const behaviorNumbers = {
  REQUIRED: 2,
  OUTPUT_ONLY: 3,
  NON_EMPTY_DEFAULT: 7,
  IDENTIFIER: 8,
} as const;

/** purser.api.v1.Limits. */
export interface Limits {
  minLength?: number;
  maxLength?: number;
  pattern?: string;
  min?: bigint;
  max?: bigint;
  maxItems?: number;
  maxBytes?: number;
}

/** google.api.HttpRule. */
export interface HttpRule {
  pattern: { case?: string; value?: string | { kind: string; path: string } };
  body: string;
  responseBody: string;
  additionalBindings: unknown[];
}

/** purser.api.v1.ErrorInfo. */
export interface ErrorOption {
  code: number;
  message: string;
  metadata: string[];
  httpStatus?: number;
  retryable: boolean;
  metadataExamples: string[];
  cause: string;
  action: string;
}

/** purser.api.v1.Event. */
export interface EventOption {
  subject: string;
  consumers: string[];
  example: string;
}

/** google.api.ResourceDescriptor. */
export interface ResourceOption {
  type: string;
  pattern: string[];
  plural: string;
}

/** Who may call a service (purser.api.v1.Access), by its number. */
const accesses = ['user', 'user', 'operator', 'internal'] as const;

export type Access = (typeof accesses)[number];

/** What the contracts say beyond their types, read through the extensions' own descriptors. */
export interface Options {
  limits(field: DescField): Limits | undefined;
  has(field: DescField, behavior: keyof typeof behaviorNumbers): boolean;
  http(method: DescMethod): HttpRule | undefined;
  access(service: DescService): Access;
  error(value: DescEnumValue): ErrorOption | undefined;
  event(message: DescMessage): EventOption | undefined;
  /** What a message says of itself as a resource. */
  resource(message: DescMessage): ResourceOption | undefined;
  /** Name patterns of the resource that a field refers to; undefined when it refers to none. */
  resourcePatterns(field: DescField): string[] | undefined;
  /** The message of the resource that a field refers to. */
  referencedResource(field: DescField): DescMessage | undefined;
  /** purser.api.v1.example; '' where examples leave the field out. */
  example(field: DescField): string | undefined;
}

type Element = DescField | DescMethod | DescEnumValue | DescMessage | DescService;

export function readOptions(files: readonly DescFile[]): Options {
  const extensions = findExtensions(files);
  function read<T>(element: Element, name: string) {
    const extension = extensions.get(name);
    // The name says whose options the extension extends, which the types cannot know.
    return extension !== undefined && hasOption(element as never, extension)
      ? (getOption(element as never, extension) as T)
      : undefined;
  }
  const resourceOf = (message: DescMessage) => read<ResourceOption>(message, 'google.api.resource');
  const resources = new Map<string, { patterns: string[]; message: DescMessage }>();
  for (const message of allMessages(files)) {
    const resource = resourceOf(message);
    if (resource !== undefined) {
      resources.set(resource.type, { patterns: resource.pattern, message });
    }
  }
  const referenced = (field: DescField) =>
    read<{ type: string }>(field, 'google.api.resource_reference')?.type;
  return {
    limits: (field) => read<Limits>(field, 'purser.api.v1.limits'),
    has: (field, behavior) => {
      const behaviors = read<number[]>(field, 'google.api.field_behavior') ?? [];
      return behaviors.includes(behaviorNumbers[behavior]);
    },
    http: (method) => read<HttpRule>(method, 'google.api.http'),
    access: (service) => accesses[read<number>(service, 'purser.api.v1.access') ?? 0] ?? 'user',
    error: (value) => read<ErrorOption>(value, 'purser.api.v1.error'),
    event: (message) => read<EventOption>(message, 'purser.api.v1.event'),
    resource: resourceOf,
    resourcePatterns: (field) => {
      const type = referenced(field);
      return type === undefined ? undefined : (resources.get(type)?.patterns ?? []);
    },
    referencedResource: (field) => resources.get(referenced(field) ?? '')?.message,
    example: (field) => read<string>(field, 'purser.api.v1.example'),
  };
}

function findExtensions(files: readonly DescFile[]): Map<string, DescExtension> {
  return new Map(
    files.flatMap((file) => file.extensions).map((extension) => [extension.typeName, extension]),
  );
}

export function* allMessages(files: readonly DescFile[]): Iterable<DescMessage> {
  for (const file of files) {
    for (const type of nestedTypes(file)) {
      if (type.kind === 'message') {
        yield type;
      }
    }
  }
}
