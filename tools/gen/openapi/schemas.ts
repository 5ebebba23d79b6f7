import type { DescEnum, DescField, DescMessage } from '@bufbuild/protobuf';
import { isSetByCaller } from '../model.ts';
import type { Model, Type } from '../model.ts';
import type { Options } from '../options.ts';
import { shapeOf, typeName } from '../shape.ts';
import { exampleOfField } from './examples.ts';
import { capitalized, defined } from './json.ts';
import type { Json } from './json.ts';
import { inputSchema, outputSchema } from './value-schemas.ts';
import { restCommentOf } from './rest-comment.ts';

/**
 * What a message is in a request and in an answer differs. A request is closed, bounded, and has
 * only what the caller sets; an answer may grow members in later releases, and has what the server
 * sets.
 */
export type View = 'input' | 'output';

/** The document's named schemas; each is made when something refers to it first. */
export class Schemas {
  readonly components: Record<string, Json> = {};
  readonly #model: Model;
  readonly #options: Options;
  readonly #names: ReadonlyMap<Type, string>;

  constructor(types: readonly Type[], model: Model, options: Options) {
    this.#model = model;
    this.#options = options;
    this.#names = namesOf(types);
  }

  /** A reference to the schema of a message or enum. */
  refer(type: Type, view: View): Json {
    const simple = this.#names.get(type) as string;
    const isInput = type.kind === 'message' && view === 'input';
    const name = isInput && !simple.endsWith('Request') ? `${simple}Input` : simple;
    if (!Object.hasOwn(this.components, name)) {
      // Before its members are looked at: a message may hold itself.
      this.components[name] = {};
      this.components[name] =
        type.kind === 'enum'
          ? enumSchema(type)
          : this.object(type.fields, view, restCommentOf(type).text, type);
    }
    return { $ref: `#/components/schemas/${name}` };
  }

  /** A reference to the schema of a body that is no message of its own but these fields of one. */
  named(name: string, fields: readonly DescField[], message: DescMessage): Json {
    this.components[name] = this.object(fields, 'input', '', message);
    return { $ref: `#/components/schemas/${name}` };
  }

  /** The schema of an object with these fields, as far as the view has them. */
  object(
    fields: readonly DescField[],
    view: View,
    description: string,
    message: DescMessage,
  ): Json {
    const members =
      view === 'input' ? fields.filter((field) => isSetByCaller(field, this.#options)) : fields;
    const required = members.filter((field) => this.#isRequired(field, view, message));
    return defined({
      type: 'object',
      description: description === '' ? undefined : description,
      properties: Object.fromEntries(
        members.map((field) => [field.jsonName, this.property(field, view)]),
      ),
      required: required.length === 0 ? undefined : required.map(({ jsonName }) => jsonName),
      additionalProperties: view === 'input' ? false : undefined,
    });
  }

  /** The schema of a member, with its comment and example. */
  property(field: DescField, view: View): Json {
    const shape = shapeOf(field);
    const options = this.#options;
    const example = exampleOfField(field, options);
    const isScalar = shape.message === undefined || shape.kind !== 'message';
    const { text } = restCommentOf(field);
    return defined({
      ...this.value(field, view),
      description: text === '' ? undefined : text,
      readOnly: view === 'output' && !isSetByCaller(field, options) ? true : undefined,
      examples: example !== undefined && isScalar ? [example] : undefined,
    });
  }

  /** The schema of a field's value alone. */
  value(field: DescField, view: View): Json {
    const shape = shapeOf(field);
    const type = shape.enum ?? (shape.kind === 'message' ? shape.message : undefined);
    const reference = type === undefined ? undefined : this.refer(type, view);
    if (view === 'output') {
      return outputSchema(shape, reference);
    }
    const isRequired = this.#options.has(field, 'REQUIRED');
    return inputSchema(shape, reference, this.#options.limits(field) ?? {}, isRequired);
  }

  /** An answer tells numbers and lists always; of the rest, what whoever made it had to give. */
  #isRequired(field: DescField, view: View, message: DescMessage): boolean {
    const options = this.#options;
    if (options.has(field, 'REQUIRED') || view === 'input') {
      return options.has(field, 'REQUIRED');
    }
    const { kind, repeated, optional } = shapeOf(field);
    const isTold = ['bool', 'int32', 'uint32', 'int64', 'uint64'].includes(kind) && !optional;
    const isListText = kind === 'string' && !optional && this.#model.listResponses.has(message);
    return options.has(field, 'IDENTIFIER') || repeated || isTold || isListText;
  }
}

function enumSchema(type: DescEnum): Json {
  const values = type.values.filter(({ number }) => number !== 0);
  const lines = values.map((value) => `- \`${value.name}\`: ${restCommentOf(value).text}`);
  return {
    type: 'string',
    description: [restCommentOf(type).text, lines.join('\n')].join('\n\n').trim(),
    enum: values.map(({ name }) => name),
  };
}

/** `Order_State` → `OrderState`; with the package where two types would have one name. */
function namesOf(types: readonly Type[]): Map<Type, string> {
  const simple = (type: Type) => typeName(type).replaceAll('_', '');
  const counts = Map.groupBy(types, simple);
  return new Map(
    types.map((type) => {
      const name = simple(type);
      const isAlone = counts.get(name)?.length === 1;
      return [type, isAlone ? name : `${capitalized(type.file.proto.package)}${name}`];
    }),
  );
}
