import type { DescField } from '@bufbuild/protobuf';
import type { HeaderField } from '../header-fields.ts';
import type { HttpBinding, PathVariable } from '../http-rule.ts';
import type { Options } from '../options.ts';
import { requestHeaders } from './edge.ts';
import { exampleOfField } from './examples.ts';
import { defined } from './json.ts';
import type { Json } from './json.ts';
import type { Schemas } from './schemas.ts';
import { restCommentOf } from './rest-comment.ts';

/** The path, query and header parameters of an operation. */
export function parametersOf(http: HttpBinding, schemas: Schemas, options: Options): Json[] {
  return [
    ...http.variables.flatMap((variable) => pathParameters(variable, options)),
    ...http.query.map((field) => queryParameter(field, schemas, options)),
    ...http.headers.map((header) => headerParameter(header, options)),
  ];
}

/** One parameter for every variable part of a resource name. */
function pathParameters({ field, parts }: PathVariable, options: Options): Json[] {
  const fixed = parts.map((part) => ('literal' in part ? `${part.literal}/` : '/')).join('');
  const { maxLength } = options.limits(field) ?? {};
  // The slash after the last part is none of the name's.
  const rest = maxLength === undefined ? undefined : maxLength - (fixed.length - 1);
  const example = exampleOfField(field, options);
  const segments = typeof example === 'string' ? example.split('/') : [];
  return parts.flatMap((part, index): Json[] => {
    if ('literal' in part) {
      return [];
    }
    const isWhole = parts.length === 1;
    const { text } = restCommentOf(field);
    const parameter = defined({
      name: part.parameter,
      in: 'path',
      required: true,
      description: isWhole ? text : `${text} Here only its part {${part.parameter}}.`,
      schema: defined({
        type: 'string',
        minLength: 1,
        maxLength: rest,
        pattern: (isWhole ? options.limits(field)?.pattern : undefined) ?? '^[^/\\u0000]+$',
      }),
      example: segments[index],
    });
    return [parameter];
  });
}

function queryParameter(field: DescField, schemas: Schemas, options: Options): Json {
  return defined({
    name: field.jsonName,
    in: 'query',
    required: options.has(field, 'REQUIRED') ? true : undefined,
    description: restCommentOf(field).text,
    schema: schemas.value(field, 'input'),
    example: exampleOfField(field, options),
  });
}

function headerParameter({ header, field }: HeaderField, options: Options): Json {
  const { schema, note } = requestHeaders[header] as { schema: Json; note: string };
  const { maxLength, pattern } = options.limits(field) ?? {};
  const text = restCommentOf(field).text.replace(/\s*Over REST the header [A-Za-z-]+\./, '');
  return {
    name: header,
    in: 'header',
    description: `${text}${note}`,
    // A header may have a form of its own, which then says all that its field's limits do.
    schema: schema['pattern'] === undefined ? defined({ ...schema, maxLength, pattern }) : schema,
  };
}
